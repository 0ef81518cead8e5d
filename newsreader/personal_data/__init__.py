"""What is stored about people, as a whole: which fields hold it, and erasing all of it.

registry: the fields that hold people, and what becomes of each; the source of docs/privacy.md
entries:  what the registry says of each table
export:   everything about a person as a file; reading: the same as a page
export_links: a guest's link to it; export_views, export_urls: the pages for it
mailed_links: mailing a link, or not, so that nobody can tell which
people:   who is meant by an address
erasing:  erasing a person everywhere
requests: asking to be erased on the site, after a day; views, urls: the pages for it
erasures: who has been erased, kept without the person, beside the copies of the site
replaying: erasing them again after a restore
models:   who has asked, the key of those digests, and where copies are; apps: registration
traces:   what is left of a person outside their own rows: sessions, tasks, caches, mails, files
"""
