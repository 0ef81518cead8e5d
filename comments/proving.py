"""Confirming one's address by the link that was sent there, and what follows: one's comments need not wait."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from comments.models import AddressProof, Comment
from comments.moderation import decide
from comments.proofs import address_key
from comments.reason_codes import ADDRESS_CONFIRMED
from comments.spam.history import FIRST_COMMENT


def find(comment_id: int, token: str) -> AddressProof:
    """Return what this link stands for. Raises AddressProof.DoesNotExist."""
    rows = AddressProof.objects.filter(comment=comment_id).select_related("comment__article", "comment__trace")
    proof = next((proof for proof in rows if constant_time_compare(proof.token, token)), None)
    if proof is None:
        raise AddressProof.DoesNotExist
    return proof


@transaction.atomic
def prove(proof: AddressProof, *, besides: Iterable[int] = ()) -> list[int]:
    """Note that the address is its owner's, and publish what waited for that alone; returns which comments.

    The one that the link was sent for, and, of those `besides` (this browser's own), what is under the same address.
    What waits for other reasons too, and what a person has decided about, stays as it is.
    """
    AddressProof.objects.filter(pk=proof.pk, confirmed_at=None).update(confirmed_at=timezone.now())
    waiting = Comment.objects.waiting().filter(pk__in={proof.comment_id, *besides}, identity=None)
    released = []
    for comment in waiting.select_related("trace").prefetch_related("decisions").order_by("article_id", "pk"):
        mine = comment.pk == proof.comment_id or address_key(comment.trace.email) == proof.address
        if mine and _waits_for_this(comment):
            decide(comment.pk, Comment.Status.APPROVED, rule="confirmed", reason=ADDRESS_CONFIRMED)
            released.append(comment.pk)
    return released


def _waits_for_this(comment: Comment) -> bool:
    decisions = comment.decisions.all()
    return len(decisions) == 1 and [reason["code"] for reason in decisions[0].reasons] == [FIRST_COMMENT]
