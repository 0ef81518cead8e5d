"""A comment on the moderators' desk: what is read about it, how it is found, and which buttons stand under it.

To add a button, add a line to DEEDS and name it in BUTTONS. Whatever it does is done by `comments.moderation`, so no
status changes without a decision on record.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from comments.models import Batch, Comment, Decision, Revision
from comments.moderation import WITHDRAWN
from comments.querysets import CommentQuerySet
from comments.wording import worded
from newsreader.kit.text import tidy_line

Status = Comment.Status
RESTORE = "restore"
# What a button does: the status it gives (restoring: the one before removal), its label, and what is said afterwards.
DEEDS = {
    "approve": (Status.APPROVED, _("Approve"), ngettext_lazy("%d approved.", "%d approved.")),
    "hold": (Status.PENDING, _("Hold"), ngettext_lazy("%d held.", "%d held.")),
    "spam": (Status.SPAM, _("Spam"), ngettext_lazy("%d marked as spam.", "%d marked as spam.")),
    "trash": (Status.TRASH, _("Trash"), ngettext_lazy("%d removed.", "%d removed.")),
    RESTORE: ("", _("Restore"), ngettext_lazy("%d restored.", "%d restored.")),
}
BUTTONS = {
    Status.PENDING: ["approve", "spam", "trash"],
    Status.APPROVED: ["hold", "spam", "trash"],
    Status.SPAM: [RESTORE, "trash"],
    Status.TRASH: [RESTORE, "spam"],
}
COUNTED = 1000  # Counting stops there: nobody reads further, and a million rows need not be counted for it.
_ADDRESS = re.compile(r"[0-9a-f:.]*[:.][0-9a-f:.]*", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """A comment as it lies on the desk: with its decisions, worded, and its earlier texts, the oldest first."""

    comment: Comment
    history: list[dict[str, Any]]
    website: str  # only where it is safe to follow
    deeds: dict[str, Any]
    earlier: list[Revision]

    @property
    def last(self) -> dict[str, Any] | None:
        return self.history[-1] if self.history else None


def lay_out(comment: Comment) -> Entry:
    """Prepare a comment for the desk.

    Asks nothing where article, identity, trace, parent, decisions and revisions are loaded.
    """
    decisions = list(comment.decisions.all())
    withdrawn = bool(decisions) and comment.status == Status.TRASH and decisions[-1].reason == WITHDRAWN
    deeds = {} if withdrawn else {name: DEEDS[name][1] for name in BUTTONS[Status(comment.status)]}
    followable = comment.website.lower().startswith(("http://", "https://"))
    website, earlier = comment.website if followable else "", list(comment.revisions.all())
    return Entry(comment, [_told(row) for row in decisions], website, deeds, earlier)


def _told(decision: Decision) -> dict[str, Any]:
    labels = dict(Status.choices)
    return {
        "number": decision.number,
        "before": labels.get(Status(decision.before)) if decision.before in Status.values else "",
        "after": decision.get_after_display(),
        "by": decision.by.shown_name if decision.by else _guest(decision),
        "rule": decision.rule,
        "reasons": worded(decision.reasons),
        "at": decision.created_at,
    }


def _guest(decision: Decision) -> Any:
    """Name who has no account: a guest who took their own comment back."""
    return _("its author") if decision.reason == WITHDRAWN and not decision.rule else ""


def excerpt(text: str, length: int = 90) -> str:
    return Truncator(tidy_line(text)).chars(length)


def found(rows: CommentQuerySet, query: str) -> CommentQuerySet:
    """Narrow to comments in which every word occurs: in text, name or email; or that came from this address.

    A whole IP address is matched exactly, the beginning of one (`192.0.2.`) as a prefix.
    """
    for word in query.split()[:10]:
        match = Q(body__icontains=word) | Q(name__icontains=word) | Q(trace__email__icontains=word)
        if _ADDRESS.fullmatch(word):
            try:
                match |= Q(trace__address=str(ipaddress.ip_address(word)))
            except ValueError:
                match |= Q(trace__address__startswith=word.lower())
        rows = rows.filter(match)
    return rows


def ids_in(texts: list[str]) -> set[int]:
    """Return the numbers among these texts that could be a row's."""
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19}


def counted(rows: CommentQuerySet) -> str:
    """Say how many these are, up to a limit: `1000+`."""
    size = rows.order_by()[: COUNTED + 1].count()
    return f"{COUNTED}+" if size > COUNTED else str(size)


def summary(batch: Batch, deed: str) -> Iterator[tuple[int, Any]]:
    """Yield what to say about a batch, each with a level of Django's messages."""
    if batch.state != Batch.State.DONE:
        yield (
            messages.INFO,
            ngettext("%d is being decided about.", "%d are being decided about.", batch.total) % batch.total,
        )
        return
    if batch.changed:
        yield messages.SUCCESS, DEEDS[deed][2] % batch.changed
    if batch.withdrawn:
        said = ngettext(
            "%d stays removed: its author withdrew it.",
            "%d stay removed: their authors withdrew them.",
            batch.withdrawn,
        )
        yield messages.WARNING, said % batch.withdrawn
    if batch.passed_over:
        said = ngettext(
            "%d was left alone: somebody has decided about it meanwhile.",
            "%d were left alone: somebody has decided about them meanwhile.",
            batch.passed_over,
        )
        yield messages.WARNING, said % batch.passed_over
    if same := batch.total - batch.changed - batch.withdrawn - batch.passed_over:
        yield messages.INFO, ngettext("%d was like that already.", "%d were like that already.", same) % same
