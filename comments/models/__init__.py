"""The tables of comments: what each row is, and what must be true of it.

comment:            Comment, its connection data and revisions, and path buckets
decisions:          decisions, batches of them, audit entries, and checks of these
settings:           the site's comment settings, and those of one article
effective_settings: both joined: the settings in force under one article
blocklist:          filter entries and bans
objections:         reports and appeals
subscriptions:      what readers want to be told by mail, and what waits to be told
posting:            kept drafts, email confirmations, rate limits, deliveries
mail_choices:       what moderators and authors are mailed and when; comments that moderators are still to be told of
chat:               webhooks of chat rooms, and what they are still to be told
newsroom:           refusal reasons, notes, labels, reply templates, review locks, monthly statistics
querysets:          the querysets of these tables
paths:              a comment's place in reading order, as text
locks:              row locks, in one order for every operation
ownership:          whose a comment is
permissions:        who may do what
search_index:       full-text search for moderators
"""

from comments.models.blocklist import Ban, FilterEntry
from comments.models.chat import ChatHook, ChatMessage
from comments.models.comment import (
    EMAIL_LENGTH,
    NAME_LENGTH,
    REMOVED,
    WEBSITE_LENGTH,
    Comment,
    ConnectionData,
    PathBucket,
    Place,
    Revision,
    new_token,
    text_key,
)
from comments.models.decisions import AuditEntry, Batch, BatchItem, Decision, LogCheck
from comments.models.mail_choices import AuthorMail, ModeratorMail, Paced, WaitingNotice, When
from comments.models.newsroom import Label, MonthlyStats, Note, RefusalReason, ReplyTemplate, ReviewLock
from comments.models.objections import Appeal, BanAppeal, Report
from comments.models.posting import Delivery, EmailConfirmation, KeptDraft, RateLimit
from comments.models.settings import ArticleSettings, CommentSettings
from comments.models.subscriptions import LastLook, MailPreferences, Notice, Subscription, ToldUpTo

__all__ = [
    "EMAIL_LENGTH",
    "NAME_LENGTH",
    "REMOVED",
    "WEBSITE_LENGTH",
    "Appeal",
    "ArticleSettings",
    "AuditEntry",
    "AuthorMail",
    "Ban",
    "BanAppeal",
    "Batch",
    "BatchItem",
    "ChatHook",
    "ChatMessage",
    "Comment",
    "CommentSettings",
    "ConnectionData",
    "Decision",
    "Delivery",
    "EmailConfirmation",
    "FilterEntry",
    "KeptDraft",
    "Label",
    "LastLook",
    "LogCheck",
    "MailPreferences",
    "ModeratorMail",
    "MonthlyStats",
    "Note",
    "Notice",
    "Paced",
    "PathBucket",
    "Place",
    "RateLimit",
    "RefusalReason",
    "ReplyTemplate",
    "Report",
    "ReviewLock",
    "Revision",
    "Subscription",
    "ToldUpTo",
    "WaitingNotice",
    "When",
    "new_token",
    "text_key",
]
