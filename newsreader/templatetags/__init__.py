"""Template tags used everywhere.

frame:    the entries of menu and foot, kept
pictures: pictures in all their sizes
times:    times as people read them
"""
