"""A reader's Markdown -> safe HTML.

formatting: renders and sanitises; the only module that may call HTML safe
markdown:   the part of CommonMark that readers can use
linkify:    web and email addresses in plain text
"""
