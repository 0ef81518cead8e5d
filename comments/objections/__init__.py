"""Readers' reports, and appeals against what moderators decided.

common:          what every objection has in common
reports:         readers report a comment; moderators settle reports
appeals:         a refused author objects, once
ban_appeals:     somebody banned objects, once
transparency:    moderation by month, in numbers
report_views, ban_views, transparency_views: their pages
"""
