"""What commenters do with their own comments.

author_edits:   changing the text for a while, or withdrawing the comment
claiming:       an account takes over comments that were left as a guest
happenings:     what happened to one's comments since one last looked
my_comments:    the list of one's own comments
status_views:   the private status page of a comment
mail_views:     the page where all mails to one address are managed
following:      what can be followed, and by whom
follow_views:   following a section, an author, or an article's corrections by mail
confirmation:   a guest confirms their address by a link; confirmation_views: its page
"""
