"""Idempotency keys: what is sent again with the same key is done once.

A reply keeps its key itself (`comments.posting.submission`), on pages and over REST; the answers to other POSTs are
kept by `newsreader.accounts.kept_answers`.
"""

HEADER = "Idempotency-Key"
KEY_LENGTH = 64  # code points
