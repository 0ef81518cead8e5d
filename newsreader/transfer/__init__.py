"""Importing from other systems: readers turn a file into records, `load` turns records into rows, and a report is made.

readers: one module for each format
unpacking: files of archives
load:    records -> rows, in batches, in one transaction
names:   sections, tags and authors, found or created; slugs: slugs that are free
report:  what was imported, what was left out, and why
removal: what an import or the demonstration brought, taken out again
errors:  why an import stops
"""
