"""A reader's Markdown -> safe HTML.

formatting: renders and sanitises: which tags stay, what links say of themselves (rel); the only module that may
            call HTML safe
markdown:   the part of CommonMark that readers can use
imported:   the HTML of imported comments: its blocks and blank lines as paragraphs
as_typed:   what looks like Markdown and is none
excerpts:   the first words, on one line
linkify:    which words are web and email addresses
"""
