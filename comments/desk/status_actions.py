"""The desk's buttons that give a comment a status, and what is said afterwards.

To add a button, add an entry to STATUS_ACTIONS: the cards, the queue, the page of similar comments and the admin list
show it without further edits. `comments.moderation.batches` does the work, so that every status change is a decision on
record and can be undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from comments.audit.refusal_reasons import offered, suggested
from comments.models import REMOVED, Batch, Comment
from comments.moderation.batches import RESTORE as BEFORE

Status = Comment.Status
RESTORE = "restore"


@dataclass(frozen=True)
class StatusAction:
    """A button that gives comments a status."""

    status: str  # BEFORE: the one before removal
    label: Any
    in_list: Any  # the label in the admin list's menu of actions
    said: Any  # what is said afterwards, with the number of comments
    offered_for: frozenset[Status]


PENDING, APPROVED, SPAM, TRASH = Status.PENDING, Status.APPROVED, Status.SPAM, Status.TRASH
# In the order of the buttons. Where several give the same status, the first one's sentence is said afterwards.
STATUS_ACTIONS = {
    "approve": StatusAction(
        APPROVED,
        _("Approve"),
        _("Approve"),
        ngettext_lazy("%d approved.", "%d approved."),
        frozenset({PENDING, SPAM, TRASH}),
    ),
    "hold": StatusAction(
        PENDING,
        _("Unapprove"),
        _("Unapprove"),
        ngettext_lazy("%d back in the queue.", "%d back in the queue."),
        frozenset({APPROVED}),
    ),
    RESTORE: StatusAction(
        BEFORE,
        _("Restore"),
        _("Restore"),
        ngettext_lazy("%d restored.", "%d restored."),
        frozenset({SPAM, TRASH}),
    ),
    "spam": StatusAction(
        SPAM,
        _("Spam"),
        _("Spam"),
        ngettext_lazy("%d sent to spam.", "%d sent to spam."),
        frozenset({PENDING, APPROVED, TRASH}),
    ),
    "trash": StatusAction(
        TRASH,
        _("Trash"),
        _("Trash"),
        ngettext_lazy("%d moved to the trash.", "%d moved to the trash."),
        frozenset({PENDING, APPROVED, SPAM}),
    ),
}


def reasons_for_trash() -> dict[str, str]:
    """Return the reasons to choose from when a comment goes to the trash, code -> label, the likeliest first."""
    possible = {code: label for code, label in offered().items() if code}
    first = suggested()
    return {first: possible.pop(first), **possible} if first else {}


def buttons_for(status: str) -> dict[str, StatusAction]:
    """Return the buttons for comments of this status; every button for a selection of mixed statuses (no status)."""
    if status not in Status.values:
        return STATUS_ACTIONS
    return {name: action for name, action in STATUS_ACTIONS.items() if status in action.offered_for}


def buttons_for_similar() -> dict[str, StatusAction]:
    """Return the buttons for comments that are like one: those that remove come first."""
    given = {name: action for name, action in STATUS_ACTIONS.items() if action.status != BEFORE}
    return dict(sorted(given.items(), key=lambda item: item[1].status not in REMOVED))


_SAID = {action.status: action.said for action in reversed(STATUS_ACTIONS.values())}
_UNDONE = ngettext_lazy("Undone: %d comment.", "Undone: %d comments.")


def summary(batch: Batch) -> Iterator[tuple[int, str]]:
    """Yield what to say about a batch, each sentence with a level of Django's messages."""
    if batch.state != Batch.State.DONE:
        sentence = ngettext("Working on %d comment.", "Working on %d comments.", batch.total)
        yield messages.INFO, sentence % batch.total
        return
    if batch.changed:
        yield messages.SUCCESS, (_UNDONE if batch.undoes_id else _SAID[batch.status]) % batch.changed
    if batch.withdrawn:
        sentence = ngettext(
            "%d stays removed: its author withdrew it.",
            "%d stay removed: their authors withdrew them.",
            batch.withdrawn,
        )
        yield messages.WARNING, sentence % batch.withdrawn
    if meanwhile := batch.passed_over - batch.left_to_others:
        sentence = ngettext(
            "%d left as it is: a colleague has decided meanwhile.",
            "%d left as they are: colleagues have decided meanwhile.",
            meanwhile,
        )
        yield messages.WARNING, sentence % meanwhile
    if batch.left_to_others:
        sentence = ngettext(
            "%d left as it is: its author appeals against your decision, and another moderator decides.",
            "%d left as they are: their authors appeal against your decisions, and another moderator decides.",
            batch.left_to_others,
        )
        yield messages.WARNING, sentence % batch.left_to_others
    if same := batch.total - batch.changed - batch.withdrawn - batch.passed_over:
        yield messages.INFO, ngettext("%d unchanged.", "%d unchanged.", same) % same
