"""Mails of a site that is tried out: kept in a folder instead of sent, and read in the newsroom; loopback only.

backend: Django's mail backend that keeps them
views: the pages on which they are read
"""
