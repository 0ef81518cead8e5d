"""Confirming one's address by the link that was sent there, and what follows: one's comments need not wait."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from comments.audit.reason_codes import ADDRESS_CONFIRMED
from comments.models import Comment, EmailConfirmation
from comments.moderation.decisions import decide
from comments.posting.email_confirmation import address_key
from comments.screening.history import FIRST_COMMENT


def find(comment_id: int, token: str) -> EmailConfirmation:
    """Return what this link stands for. Raises EmailConfirmation.DoesNotExist."""
    rows = EmailConfirmation.objects.filter(comment=comment_id).select_related(
        "comment__article", "comment__connection_data"
    )
    proof = next((proof for proof in rows if constant_time_compare(proof.token, token)), None)
    if proof is None:
        raise EmailConfirmation.DoesNotExist
    return proof


@transaction.atomic
def prove(proof: EmailConfirmation, *, besides: Iterable[int] = ()) -> list[int]:
    """Note that the address is its owner's, and publish what waited for that alone; returns which comments.

    The one that the link was sent for, and, of those `besides` (this browser's own), what is under the same address.
    What waits for other reasons too, and what a person has decided about, stays as it is.
    """
    EmailConfirmation.objects.filter(pk=proof.pk, confirmed_at=None).update(confirmed_at=timezone.now())
    waiting = Comment.objects.waiting().filter(pk__in={proof.comment_id, *besides}, identity=None)
    released = []
    for comment in waiting.select_related("connection_data").prefetch_related("decisions").order_by("article_id", "pk"):
        mine = comment.pk == proof.comment_id or address_key(comment.connection_data.email) == proof.address
        if mine and _waits_for_this(comment):
            decide(comment.pk, Comment.Status.APPROVED, source="confirmed", reason=ADDRESS_CONFIRMED)
            released.append(comment.pk)
    return released


def _waits_for_this(comment: Comment) -> bool:
    decisions = comment.decisions.all()
    return len(decisions) == 1 and [reason["code"] for reason in decisions[0].reasons] == [FIRST_COMMENT]
