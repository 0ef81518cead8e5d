"""Comment and what belongs to it: what each is, and what must be true of one row.

Order of locks, for every operation that needs several: article, flood buckets, comments.
"""

from comments.models.blocklist import Ban, FilterEntry
from comments.models.comment import (
    EMAIL_LENGTH,
    KEY_LENGTH,
    NAME_LENGTH,
    REMOVED,
    WEBSITE_LENGTH,
    Comment,
    ConnectionData,
    PathBucket,
    Revision,
    new_token,
    text_key,
)
from comments.models.decisions import AuditEntry, Batch, BatchItem, Decision
from comments.models.newsroom import Label, MonthlyStats, Note, RefusalReason, ReplyTemplate, ReviewLock
from comments.models.objections import Appeal, BanAppeal, Report
from comments.models.posting import Delivery, EmailConfirmation, KeptDraft, RateLimit
from comments.models.settings import ArticleSettings, CommentSettings

__all__ = [
    "EMAIL_LENGTH",
    "KEY_LENGTH",
    "NAME_LENGTH",
    "REMOVED",
    "WEBSITE_LENGTH",
    "Appeal",
    "ArticleSettings",
    "AuditEntry",
    "Ban",
    "BanAppeal",
    "Batch",
    "BatchItem",
    "Comment",
    "CommentSettings",
    "ConnectionData",
    "Decision",
    "Delivery",
    "EmailConfirmation",
    "FilterEntry",
    "KeptDraft",
    "Label",
    "MonthlyStats",
    "Note",
    "PathBucket",
    "RateLimit",
    "RefusalReason",
    "ReplyTemplate",
    "Report",
    "ReviewLock",
    "Revision",
    "new_token",
    "text_key",
]
