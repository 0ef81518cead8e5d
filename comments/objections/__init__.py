"""Readers' reports, and appeals against what moderators decided.

objection_text:     checking the text of an objection
reports:            readers report a comment; moderators settle reports; a reporter may object once
appeals:            the author of a refused comment appeals, once
ban_appeals:        somebody banned appeals, once
old_objections:     all of them lose who made them, months after they were settled
transparency:       moderation by month, in numbers
report_views, ban_views, transparency_views: their pages
"""
