"""Template tags used everywhere.

frame:    the entries of menu and foot, kept
pictures: pictures in all their sizes
teasers:  articles in lists, kept
times:    times as people read them
"""
