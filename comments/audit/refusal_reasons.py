"""The reasons that moderators may give, and what a refused author then reads: rows that editors change.

Labels and sentences are passed through gettext when they are shown, so that the built-in ones can be translated.
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
from newsreader.kit.compiled_queries import Compiled

SPAM = "spam"  # A person's reason for spam, unless they give another.

# The texts of the built-in rows (migrations 0002_first_rows, 0013_words_of_reasons), so that makemessages finds them.
IN_HOUSE = (
    gettext_noop("spam or advertising"),
    gettext_noop("It advertises something, or looks like spam."),
    gettext_noop("not about the article"),
    gettext_noop("It is not about the article."),
    gettext_noop("insulting or abusive"),
    gettext_noop("It insults or attacks somebody. The same point without the insult is welcome."),
    gettext_noop("shares personal information"),
    gettext_noop("It shares somebody’s personal information."),
    gettext_noop("against the law"),
    gettext_noop("We believe that publishing it would break the law."),
    gettext_noop("said before"),
    gettext_noop("You have already said the same."),
    gettext_noop("an earlier decision was a mistake"),
    gettext_noop("An earlier decision of ours was a mistake."),
)

# Read once in a request: the desk shows some hundred reasons on fifty cards.
_read = local()


def _forget(**kwargs: Any) -> None:
    _read.rows = None


request_started.connect(_forget, dispatch_uid="comments.audit.reasons")
for _signal in (post_save, post_delete):
    _signal.connect(_forget, sender=RefusalReason, dispatch_uid="comments.audit.reasons")


_all_rows = Compiled(RefusalReason.objects.all)
_row = Compiled(lambda code: RefusalReason.objects.filter(code=code)[:1])


def _rows() -> dict[str, RefusalReason]:
    if getattr(_read, "rows", None) is None:
        _read.rows = {row.code: row for row in _all_rows()}
    rows: dict[str, RefusalReason] = _read.rows
    return rows


def offered() -> dict[str, str]:
    """Return what moderators can choose, code -> label, in the editors' order; the first is "": no reason."""
    rows = {code: row for code, row in _rows().items() if row.is_active and not is_reserved(code)}
    return {"": _("no reason")} | {code: _(row.label) for code, row in rows.items()}


def choices() -> list[tuple[str, str]]:
    """Return the offered reasons as choices of a form field."""
    return list(offered().items())


def accepted(code: str, status: str) -> str:
    """Return the reason to record when a person gives a comment this status; "": none is needed.

    `status` may be empty: the status before removal. For spam the reason is SPAM unless another is given. Raises
    ReasonRequired for the trash without a reason, and for a code that is not offered (unknown, retired or reserved).
    """
    if status == Comment.Status.SPAM and code in {"", SPAM}:
        return SPAM
    possible = {code: label for code, label in offered().items() if code}
    if code not in possible and (code or status == Comment.Status.TRASH):
        raise ReasonRequired(code, possible)
    return code


def suggested() -> str:
    """Return the reason that forms suggest for the trash: the first offered; SPAM, which has its own button, last."""
    codes = [code for code in offered() if code]
    return next((code for code in codes if code != SPAM), codes[0] if codes else "")


def label_of(code: str) -> str | None:
    """Return a reason's label, also of one that is no longer offered; None for an unknown code."""
    row = _rows().get(code)
    return _(row.label) if row else None


def sentence_of(code: str) -> str:
    """Return the sentence that a reader is shown about this reason; empty if there is none."""
    row = _row.first(code) if code else None
    return _(row.sentence) if row else ""


def sentence_for(decision: Decision | None) -> str:
    """Return what the author is shown as the reason of a person's decision; empty for a rule's, or without a reason."""
    return sentence_of(decision.reason) if decision and not decision.source else ""
