"""Template tags used everywhere.

field_errors: what is wrong with a field, in words for people
frame:        the language of a page; the entries of menu and foot, kept
lists:        lists of the admin, whose cells name their columns
pictures:     pictures in all their sizes
times:        times as people read them
"""
