"""Importing from other systems: readers turn files into records, `load` turns records into rows, and a report is made.

readers: one module for each format
unpacking: files of archives
spool:   what was read and is not written yet
load:    records -> rows, in short transactions, or only the report of it
names:   sections, tags and authors, found or created; slugs: slugs that are free
importing: files from their beginning to the report, for command and newsroom
progress: what it tells on its way
web_imports: files that are uploaded in the newsroom; import_views: their pages
report:  what was imported, what was left out, and why
removal: what an import or the demonstration brought, taken out again
errors:  why an import stops
"""

IMPORTING = "import"  # the lock of whatever imports, or takes an import out
