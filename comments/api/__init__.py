"""The operations of the room over REST: the same refusals as on pages.

comments:   reading threads, replying, and changing one's own
moderation: the queue, decisions, batches and their undo
reports:    reporting a comment
"""
