"""What is stored about people, as a whole: which fields hold it, and erasing all of it.

registry: the fields that hold people, and what becomes of each; the source of docs/privacy.md
entries:  what the registry says of each table
people:   who is meant by an address
erasing:  erasing a person everywhere
traces:   what is left of a person outside their own rows: sessions, tasks, caches, mails, files
"""
