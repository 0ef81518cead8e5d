"""Deciding about comments. `decide` is the only way a status changes.

decisions:       decide, and the same for many at once
batches:         decisions about many comments, in the background where they are many
undoing:         undoing a batch: its decisions and its bans
resolution:      the reports and appeals that a decision settles
own_decisions:   nobody decides about an objection to their own decision
bans:            banning accounts, addresses and networks; ban_targets: whom; ban_lifting: ending bans
raids:           deciding about many comments and banning their authors, in one batch
similar:         comments that are like a given one, for cleaning up after a raid
moderator_edits: a moderator changes the text of somebody else's comment
old_traces:      addresses and browsers of old comments, cut and dropped
erasing:         erasing the personal data of a comment
"""

from comments.moderation.decisions import decide

__all__ = ["decide"]
