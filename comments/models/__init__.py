"""Comment and what belongs to it: what each is, and what must be true of one row.

Order of locks, for every operation that needs several: article, flood buckets, comments.
"""

from comments.models.comment import (
    EMAIL_LENGTH,
    KEY_LENGTH,
    NAME_LENGTH,
    REMOVED,
    WEBSITE_LENGTH,
    Comment,
    Revision,
    Stretch,
    Trace,
    new_token,
    text_key,
)
from comments.models.decisions import Batch, BatchItem, Decision, LogEntry
from comments.models.desk import (
    Appeal,
    BanAppeal,
    Claim,
    Figures,
    Label,
    Note,
    RefusalReason,
    ReplyTemplate,
    Report,
)
from comments.models.posting import AddressProof, Delivery, FloodBucket, KeptDraft
from comments.models.rules import Ban, CommentRules, Discussion, Rule

__all__ = [
    "EMAIL_LENGTH",
    "KEY_LENGTH",
    "NAME_LENGTH",
    "REMOVED",
    "WEBSITE_LENGTH",
    "AddressProof",
    "Appeal",
    "Ban",
    "BanAppeal",
    "Batch",
    "BatchItem",
    "Claim",
    "Comment",
    "CommentRules",
    "Decision",
    "Delivery",
    "Discussion",
    "Figures",
    "FloodBucket",
    "KeptDraft",
    "Label",
    "LogEntry",
    "Note",
    "RefusalReason",
    "ReplyTemplate",
    "Report",
    "Revision",
    "Rule",
    "Stretch",
    "Trace",
    "new_token",
    "text_key",
]
