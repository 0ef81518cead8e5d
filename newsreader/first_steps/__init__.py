"""The first steps of a new newspaper: what is set up, what is not, and where to do it.

steps:     the steps, done or not by what the site holds
providers: which ways to sign in are on, and what to register where
views:     the pages in the newsroom
"""
