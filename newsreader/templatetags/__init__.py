"""Template tags used everywhere.

frame:    the entries of menu and foot, kept
lists:    lists of the admin, whose cells name their columns
pictures: pictures in all their sizes
times:    times as people read them
"""
