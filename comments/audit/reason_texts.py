"""Reason codes -> labels and sentences, in the language of whoever reads them; a status as its author sees it."""

from collections.abc import Iterable
from typing import Any

from comments.audit.reason_codes import CODES
from comments.audit.refusal_reasons import label_of
from comments.audit.standing import standing_decision
from comments.models import Comment


def kind_of(code: str) -> str:
    """Return the label of a reason; an unknown code is returned as it is."""
    return str(CODES[code].label) if code in CODES else label_of(code) or code


def is_known(code: str) -> bool:
    """Say whether there is such a reason: one of the site's own, or one that moderators may give or could once."""
    return code in CODES or label_of(code) is not None


def worded(reasons: Iterable[dict[str, Any]]) -> list[str]:
    """Return each reason as a sentence; an unknown code is returned as it is."""
    return [_sentence(reason["code"], reason.get("params") or {}) for reason in reasons]


def _sentence(code: str, params: dict[str, Any]) -> str:
    return CODES[code].worded(params) if code in CODES else label_of(code) or code


def shown_status(comment: Comment) -> str:
    """Return the status that the author is shown: what a rule made spam or trash is pending until a person decides."""
    if comment.status in {Comment.Status.PENDING, Comment.Status.APPROVED}:
        return comment.status
    decision = standing_decision(comment)
    return Comment.Status.PENDING if decision is None or decision.source else comment.status
