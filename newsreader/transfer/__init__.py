"""Importing from other systems: readers turn a file into records, `load` turns records into rows, and a report is made.

readers: one module for each format
load:    records -> rows, in batches, in one transaction; names and slugs help it
report:  what was imported, what was left out, and why
"""
