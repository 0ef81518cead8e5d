"""A reader's Markdown -> safe HTML.

formatting: the renderer, and the only place that may call HTML safe
markdown:   the part of CommonMark that readers have
linkify:    addresses in plain text
"""
