"""The desk's buttons that give a comment a status, and what is said afterwards.

To add a button, add a line to STATUS_ACTIONS and name it in BUTTONS. `comments.moderation.batches` does the work, so
that every status change is a decision on record and can be undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from comments.audit.reasons import offered, suggested
from comments.models import Batch, Comment
from comments.moderation.batches import RESTORE as BEFORE

Status = Comment.Status
RESTORE = "restore"


@dataclass(frozen=True)
class StatusAction:
    """A button: the status it gives (BEFORE: the one before removal), its label, and what is said afterwards."""

    status: str
    label: Any
    said: Any


STATUS_ACTIONS = {
    "approve": StatusAction(Status.APPROVED, _("Approve"), ngettext_lazy("%d approved.", "%d approved.")),
    "hold": StatusAction(Status.PENDING, _("Unapprove"), ngettext_lazy("%d held.", "%d held.")),
    "spam": StatusAction(Status.SPAM, _("Spam"), ngettext_lazy("%d marked as spam.", "%d marked as spam.")),
    "trash": StatusAction(Status.TRASH, _("Trash"), ngettext_lazy("%d removed.", "%d removed.")),
    RESTORE: StatusAction(BEFORE, _("Restore"), ngettext_lazy("%d restored.", "%d restored.")),
}
BUTTONS = {
    Status.PENDING: ["approve", "spam", "trash"],
    Status.APPROVED: ["hold", "spam", "trash"],
    Status.SPAM: ["approve", RESTORE, "trash"],
    Status.TRASH: ["approve", RESTORE, "spam"],
}
EVERY = ["approve", "hold", "spam", "trash", RESTORE]  # for a selection of mixed statuses


def reason_choice() -> dict[str, Any]:
    """Return the choice of reasons for a template: what is offered, and the trash's default."""
    choice = offered()
    suggestion = suggested()
    return {"reasons": choice, "trash_reason": suggestion, "trash_label": choice[suggestion]}


def buttons(names: list[str]) -> dict[str, StatusAction]:
    return {name: STATUS_ACTIONS[name] for name in names}


_SAID = {action.status: action.said for action in STATUS_ACTIONS.values()}
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
