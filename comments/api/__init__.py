"""Comments over REST: the same operations as pages, with the same refusals.

comments:   reading threads, replying, and changing one's own comments
moderation: the queue, decisions, batches and their undo
subscriptions: what the account is told by mail
reports:    reporting a comment
webhooks:   chat rooms that are told of what waits
"""
