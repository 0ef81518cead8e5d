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
        ngettext_lazy("%d held.", "%d held."),
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
        _("Mark as spam"),
        ngettext_lazy("%d marked as spam.", "%d marked as spam."),
        frozenset({PENDING, APPROVED, TRASH}),
    ),
    "trash": StatusAction(
        TRASH,
        _("Trash"),
        _("Move to trash"),
        ngettext_lazy("%d removed.", "%d removed."),
        frozenset({PENDING, APPROVED, SPAM}),
    ),
}


def reason_choice() -> dict[str, Any]:
    """Return the choice of reasons for a template: what is offered, and the trash's default."""
    choice = offered()
    suggestion = suggested()
    return {"reasons": choice, "trash_reason": suggestion, "trash_label": choice[suggestion]}


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
_UNDONE = ngettext_lazy("%d is as it was before.", "%d are as they were before.")


def summary(batch: Batch) -> Iterator[tuple[int, str]]:
    """Yield what to say about a batch, each sentence with a level of Django's messages."""
    if batch.state != Batch.State.DONE:
        sentence = ngettext("%d is being decided about.", "%d are being decided about.", batch.total)
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
            "%d was left alone: somebody else has decided about it in the meantime.",
            "%d were left alone: somebody else has decided about them in the meantime.",
            meanwhile,
        )
        yield messages.WARNING, sentence % meanwhile
    if batch.left_to_others:
        sentence = ngettext(
            "%d was left alone: its author appeals against your decision, and another moderator has to decide.",
            "%d were left alone: their authors appeal against your decisions, and another moderator has to decide.",
            batch.left_to_others,
        )
        yield messages.WARNING, sentence % batch.left_to_others
    if same := batch.total - batch.changed - batch.withdrawn - batch.passed_over:
        yield messages.INFO, ngettext("%d was like that already.", "%d were like that already.", same) % same
