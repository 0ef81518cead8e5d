"""What commenters do with their own comments.

author_edits:   changing the text for a while, or withdrawing the comment
claiming:       an account takes over comments that were left as a guest
my_comments:    the list of one's own comments
status_views:   the private status page of a comment
confirmation:   a guest confirms their address by a link; confirmation_views: its page
"""
