"""Registers the ModelAdmins of comments, which are in `comments.desk`."""

from comments.desk import (
    article_settings_admin,
    ban_admin,
    blocklist_admin,
    chat_admin,
    comment_admin,
    comment_settings_admin,
    objections_admin,
    people_admin,
    retention_admin,
)

__all__ = [
    "article_settings_admin",
    "ban_admin",
    "blocklist_admin",
    "chat_admin",
    "comment_admin",
    "comment_settings_admin",
    "objections_admin",
    "people_admin",
    "retention_admin",
]
