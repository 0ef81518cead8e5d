"""What commenters do with their own comments.

author_edits:   mending the text for a while, or withdrawing it
claiming:       comments left as a guest, taken over by an account
my_comments:    the list of one's own comments
status_views:   the private status page of a comment
confirmation:   a guest's address confirmed by a link; confirmation_views: its page
"""
