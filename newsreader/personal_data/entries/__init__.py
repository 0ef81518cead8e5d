"""What the registry says of each table, in a module for each app.

kinds:     how an entry is written
accounts:  accounts, commenter identities, invitations, mail
comments:  comments, what is decided and objected, bans, the audit log
articles:  articles and their authors
libraries: Django's tables, the sign-in library's, background tasks
"""
