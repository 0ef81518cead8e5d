"""A reader's Markdown -> safe HTML.

formatting: renders and sanitises: which tags stay, what links say of themselves (rel); the only module that may
            call HTML safe
markdown:   the part of CommonMark that readers can use
linkify:    which words are web and email addresses
"""
