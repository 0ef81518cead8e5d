"""Copies of the whole site, from which it can be restored: the database, the uploaded files, and a manifest.

making:     a new copy, while the site runs; older ones pruned
restoring:  a copy into an empty site; the drill, which restores it into a scratch database and compares
folder:     where all copies are: their names, what is whole, what is old, one process at a time
manifest:   what a copy says of itself
media:      uploaded files, kept by their hash, so that only what is new is copied
databases:  which kind of database this is, what is in it, and another one in its place for a while
sqlite:     copying and restoring SQLite
postgresql: the same through pg_dump and pg_restore
encryption: files that only the owner of a key can read
errors:     why there is no copy, in one line
"""

MADE = "backup-made"  # in the cache: when the last copy was made, in seconds since 1970, for `/metrics`
