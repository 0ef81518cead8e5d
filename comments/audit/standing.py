"""The decision about a comment that is in effect, after undoing, and whether its author has taken it back."""

from __future__ import annotations

from collections.abc import Sequence

from comments.audit.reason_codes import UNDONE, is_final
from comments.models import Comment, Decision


def standing_decision(comment: Comment) -> Decision | None:
    """Return the decision in effect: the last, or, if that undid another, the one before the undone. One query."""
    return standing_in(list(comment.decisions.select_related("batch").order_by("number")))


def standing_in(history: Sequence[Decision]) -> Decision | None:
    """Return the decision in effect, given all decisions about a comment in order, with their batches."""
    left = list(history)
    while left and left[-1].reason == UNDONE:
        undone = left[-1].batch.undoes_id if left[-1].batch else None
        at = max((at for at, row in enumerate(left[:-1]) if undone and row.batch_id == undone), default=len(left) - 2)
        left = left[: max(at, 0)]
    return left[-1] if left else None


def is_withdrawn(comment: Comment) -> bool:
    """Say whether its author has taken this comment back."""
    if comment.status != Comment.Status.TRASH:
        return False
    last = comment.decisions.order_by("-number").first()
    return bool(last and is_final(last.reason))
