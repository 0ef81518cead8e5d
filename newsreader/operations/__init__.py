"""Running the site.

schedule:      the jobs that run on a schedule
worker:        the loop that runs tasks, whatever the database does
plan, watch:   what `manage.py serve` has prepared, and the small process that it becomes
plain_lines:   the log of that process
supervisor:    the web server and the worker, started again when they end or hang
forked_server: the web server, forked from `manage.py serve`
roles:         what differs between who answers readers and who has time
command_line:  what lists of processes show
children:      processes that end with their parent, and those that another has forked
handover:      from one release to the next without a gap
key_rotation:  encrypting everything with the newest key
listening:     the socket on which the site listens
leaving:       how a site that is in use ends
pulse:         how a process tells the supervisor that it lives
readiness:     whether this host can do its work: `/readyz`
metrics_view:  what Prometheus collects: `/metrics`
site_gauges:   what the database knows, for it
backoff:       trying again, later each time
backups:       copies of the whole site, and restoring them
private_files: files that only the site's own account may read, refused at the start where others may
poolers:       PgBouncer, refused at the start where it brings no time limits
retention:     deleting and cutting what is known of people, once it is old
orphans:       stored files that belong to nothing any more
purging:       telling a CDN what to drop
old_databases: refusing a database from before the first release
migration_lock:  one migration of a database at a time
migration_rules: which migrations may run while the release before is serving
"""
