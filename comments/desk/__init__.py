"""The moderators' desk: which comments lie on it, what is told of each, and what may be done.

`finding` narrows the queue, `cards` lays comments out with what a decision needs, `marking` marks the words that a
rule found, `deeds` says which buttons there are, `teamwork` holds what moderators tell each other. The page is
`comments.desk.queue_views`; nothing here knows of requests.
"""
