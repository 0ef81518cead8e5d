"""Tools that know nothing of articles or comments and have no models. A tool belongs here when two packages use it.

errors:             the tree of refusals
events:             publish after commit, listen
request_attributes: typed attributes of a request
numbers, text:      ids and text as people send them
hashes:             keyed hashes
field_keys:         encrypting what a copy of the database must not tell
times:              times as people type them
clock:              stored times, where the clock was set back
email_addresses:    addresses as keyboards write them
html_source:        which part of an HTML text is tags and which is text
html_media:         its pictures, and links in the place of frames and videos
search_words:       words for full-text search, in every script
lookalikes, hosts:  texts and host names that look alike
web:                forms as pages, redirects
forgery:            whether another site may have sent a form
cookies:            how ours are named and set
client_address:     the visitor's address and network
http_cache:         public and private answers
depends:            what a finished public page holds for
page_language:      the language of a page that answers a form
kept:               what a process keeps in memory under what it depends on, limited in bytes
kept_json:          rows of REST lists, kept as JSON
frames:             HTML that is kept without the values that change
versions:           ETags of one thing, and changes meant for one version
idempotency:        keys of what is sent again
rest, rest_fields:  what REST views share: session, JSON, limits; what serializers share
pagination:         lists by cursor
problem_details:    RFC 9457
feeds:              RSS, Atom, JSON Feed
logs:               lines that come at most once a minute
log_lines:          how a line of the log looks
secret_addresses:   secrets that no line may show
tracing:            a request's id, its view, its time in the database
database_time:      how long a thread has waited for the database
metrics, metrics_folder: what is counted for `/metrics`, and where
error_reports:      what breaks, told to SENTRY_DSN
languages:          the languages that the site speaks
static_files:       files for browsers, collected and compressed
templates:          Django's, without tags of no use
safe_http:          fetching addresses that strangers name
images:             opening pictures that strangers send
disk_storage, s3_storage: where uploaded files are kept
stored_files:       what both of these can do besides Django's storages
admin_inputs:       the admin and malformed values
admin_lists:        its lists and what they delete, for people
admin_conflicts:    forms of the admin and two colleagues
database_faults:    telling a database that is away from a wrong question
database_waits:     how long a connection waits for a lock
replicas:           reading public pages from replicas of the database
postgresql:         Django's backend for PostgreSQL, with prepared statements and less asking whether it is there
sqlite:             statements on SQLite whose text is always the same
statements:         running such statements
compiled_queries, compiled_inserts, compiled_updates: statements that are written once, for what every page or post asks
unchanged_rows:     rows that are not read again while the database says that nothing was committed
rows_as_json:       rows that are read by another statement, as a text
cdn:                marking pages for a CDN, and having it drop them
long_writes:        short transactions of a long command, between which others write
private_uploads:    files that are sent to be worked on once
one_at_a_time:      commands of which only one runs
sparing_imports:    libraries without what they import for others
scratch:            a private database on disk for what does not fit into memory
steady_cache:       Redis that may be away
tasks, task_queue:  background tasks
migration_operations: indexes and constraints of migrations that make nobody wait
"""
