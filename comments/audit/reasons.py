"""The reasons that moderators may give and what a refused author then reads: rows that editors change.

Labels and sentences go through gettext when shown, so that a locale may translate those that come with the house.
"""

from __future__ import annotations

from threading import local
from typing import Any

from django.core.signals import request_started
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from comments.audit.reason_codes import is_reserved
from comments.errors import ReasonRequired
from comments.models import Comment, Decision, RefusalReason

SPAM = "spam"  # What a person's decision for spam says where no other reason is given.

# What came with the house (migration 0016), named here so that translators' tools find it.
IN_HOUSE = (
    gettext_noop("spam or advertising"),
    gettext_noop("It advertises something, or looks like spam."),
    gettext_noop("not about the article"),
    gettext_noop("It is not about the article it stands under."),
    gettext_noop("insulting or abusive"),
    gettext_noop("It insults or attacks somebody. The same point without the insult is welcome."),
    gettext_noop("gives away personal data"),
    gettext_noop("It gives away personal data of somebody."),
    gettext_noop("against the law"),
    gettext_noop("We think that publishing it would be against the law."),
    gettext_noop("said before"),
    gettext_noop("You have said the same before."),
    gettext_noop("an earlier decision was a mistake"),
    gettext_noop("An earlier decision of ours was a mistake."),
)

# Read once in a request: a desk of fifty cards words some hundred reasons.
_read = local()


def _forget(**kwargs: Any) -> None:
    _read.rows = None


request_started.connect(_forget, dispatch_uid="comments.reasons")
for _signal in (post_save, post_delete):
    _signal.connect(_forget, sender=RefusalReason, dispatch_uid="comments.reasons")


def _rows() -> dict[str, RefusalReason]:
    if getattr(_read, "rows", None) is None:
        _read.rows = {row.code: row for row in RefusalReason.objects.all()}
    rows: dict[str, RefusalReason] = _read.rows
    return rows


def offered() -> dict[str, str]:
    """Return what moderators may choose, code -> label, in the editors' order; the first is "": no reason."""
    rows = {code: row for code, row in _rows().items() if row.is_active and not is_reserved(code)}
    return {"": _("no reason")} | {code: _(row.label) for code, row in rows.items()}


def choices() -> list[tuple[str, str]]:
    """Return what is offered as a form's field takes it."""
    return list(offered().items())


def accepted(code: str, status: str) -> str:
    """Return the reason to record where a person gives a comment this status; "": none, and none is needed.

    `status` may be empty: the one before removal. For spam it is SPAM unless another is given. Raises ReasonRequired
    for the trash without a reason, and for whatever is not offered: unknown, retired, or the site's own.
    """
    if status == Comment.Status.SPAM and code in {"", SPAM}:
        return SPAM
    possible = {code: label for code, label in offered().items() if code}
    if code not in possible and (code or status == Comment.Status.TRASH):
        raise ReasonRequired(code, possible)
    return code


def suggested() -> str:
    """Return the reason that forms suggest for the trash: the first offered; SPAM, with a button of its own, last."""
    codes = [code for code in offered() if code]
    return next((code for code in codes if code != SPAM), codes[0] if codes else "")


def label_of(code: str) -> str | None:
    """Return a reason's label, also of one that is not offered any more; None where the code is none of theirs."""
    row = _rows().get(code)
    return _(row.label) if row else None


def sentence_of(code: str) -> str:
    """Return what a reader is told about this reason; empty where there is nothing to tell."""
    row = RefusalReason.objects.filter(code=code).first() if code else None
    return _(row.sentence) if row else ""


def sentence_for(decision: Decision | None) -> str:
    """Return what its author is told about a person's decision; empty for a rule's, or one without a reason."""
    return sentence_of(decision.reason) if decision and not decision.source else ""
