"""The author of a refused comment appeals, once; another moderator than the one who refused it decides."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from comments import notifications
from comments.audit import audit_log
from comments.audit.reason_codes import APPEAL_GRANTED, single
from comments.errors import AppealedTwice, AppealSettled, NotRefused, OwnDecision
from comments.models import Appeal, Comment, Decision
from comments.models.ownership import is_account_of, own_comment
from comments.moderation import resolution
from comments.moderation.decisions import decide_locked, lock_one
from comments.objections import objection_text
from newsreader.accounts.models import User
from newsreader.kit.errors import Conflict

OPEN = Appeal.Outcome.OPEN


def why_not(comment: Comment, refusal: Decision | None) -> Conflict | None:
    """Return what forbids an appeal now, None where nothing does. `refusal` is what `resolution.refusal_of` found."""
    if getattr(comment, "appeal", None):
        return AppealedTwice()
    return NotRefused() if refusal is None else None


@transaction.atomic
def appeal(comment_id: int, text: str, *, token: str = "", by: User | None = None) -> Appeal:
    """Appeal against the refusal of one's own comment, by the token of its status page or as its account (`by`).

    Raises Comment.DoesNotExist, NotYours, AppealedTwice, NotRefused and Invalid.
    """
    comment = own_comment(comment_id, by, token)
    refusal: Any = resolution.refusal_of(comment)
    if forbidden := why_not(comment, refusal):
        raise forbidden
    text = objection_text.words_of(text, "appeal", _("Please say why it should be published."))
    row = Appeal.objects.create(comment=comment, decision=refusal, text=text)
    facts = {"appeal": row.pk, "against": refusal.number}
    author = by if is_account_of(comment, by) else None
    audit_log.note("appeal", f"comment:{comment.pk}", by=author, facts=facts, personal={"text": text})
    return row


@transaction.atomic
def settle_appeal(appeal_id: int, *, grant: bool, by: User) -> Appeal:
    """Decide about an appeal; granting it approves the comment. The caller has checked that `by` may decide about it.

    Raises Appeal.DoesNotExist; AppealSettled; OwnDecision where `by` refused the comment and somebody else could
    decide; and Withdrawn.
    """
    found = lock_one(Appeal.objects.values_list("comment_id", flat=True).get(pk=appeal_id))
    comment = found.comments[0]
    row = Appeal.objects.select_for_update().get(pk=appeal_id)
    if row.outcome != OPEN:
        raise AppealSettled()
    if grant and decide_locked(found, Comment.Status.APPROVED, by=by, reasons=single(APPEAL_GRANTED)):
        row.refresh_from_db()  # The decision has settled it.
        return row
    own = resolution.own_appeals({comment: found.history[comment.pk]}, by)
    if own.left:
        raise OwnDecision()
    outcome = Appeal.Outcome.GRANTED if grant else Appeal.Outcome.REJECTED
    row.outcome, row.settled_by, row.settled_at = outcome, by, timezone.now()
    row.save(update_fields=["outcome", "settled_by", "settled_at"])
    audit_log.note_many("appeal_settled", [resolution.appeal_event(row)])
    if not grant:
        notifications.queue_rejection(row)
    if own.allowed:
        resolution.note_own(own.allowed, by)
    return row


def appeals_waiting(user: User) -> QuerySet[Appeal]:
    """Return the open appeals that somebody may decide about, oldest first, without those against their own decisions.

    Where nobody else could decide, `settle_appeal` allows it, from the comment's own page.
    """
    rows = Comment.objects.moderated_by(user).narrow(Appeal.objects.filter(outcome=OPEN))
    still_refused = rows.filter(comment__status__in=resolution.REMOVED)
    # A decision whose account is gone is nobody's own.
    foreign = still_refused.filter(~Q(decision__by=user) | Q(decision__by=None))
    return foreign.select_related("comment__article", "decision__by").order_by("created_at", "pk")
