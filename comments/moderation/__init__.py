"""Deciding about comments. `decide` is the only way a status changes.

decisions:       decide, and the same for many at once
batches:         decisions about many comments, in the background where they are many
bans:            banning accounts, addresses and networks, and lifting bans
resolution:      what decisions settle besides: reports and appeals
moderator_edits: what a moderator changes in somebody else's text
erasing:         erasing what is personal of a comment
similar:         everything that is like one comment, for rolling a raid back
"""

from comments.moderation.decisions import decide

__all__ = ["decide"]
