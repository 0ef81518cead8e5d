"""A guest confirms their address by the emailed link, and comments that waited only for that are published."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from comments.audit.reason_codes import ADDRESS_CONFIRMED
from comments.models import Comment, EmailConfirmation
from comments.moderation.decisions import decide
from comments.notifications import subscriptions
from comments.posting.email_confirmation import address_key
from comments.screening.history import FIRST_COMMENT
from newsreader.mailing.tokens import folded

STILL_ASKED = (Comment.Status.PENDING, Comment.Status.APPROVED)


def find(comment_id: int, token: str) -> EmailConfirmation:
    """Return the confirmation that a link stands for. Raises EmailConfirmation.DoesNotExist."""
    rows = EmailConfirmation.objects.filter(comment=comment_id).select_related(
        "comment__article", "comment__connection_data"
    )
    confirmation = next(
        (confirmation for confirmation in rows if constant_time_compare(confirmation.token, token)), None
    )
    if confirmation is None:
        raise EmailConfirmation.DoesNotExist
    return confirmation


def pending(address: str) -> EmailConfirmation | None:
    """Return what is left to confirm about a comment under this address, for the page that its reader has open."""
    rows = EmailConfirmation.objects.filter(
        address=address_key(address), confirmed_at=None, comment__status__in=STILL_ASKED
    ).select_related("comment__article", "comment__connection_data")
    # It is found by a hash for which accents do not count.
    rows = rows.filter(comment__connection_data__isnull=False)
    return next((row for row in rows if folded(row.comment.connection_data.email) == folded(address)), None)


@transaction.atomic
def confirm(confirmation: EmailConfirmation, *, besides: Iterable[int] = ()) -> list[int]:
    """Record that the address is confirmed, and publish the comments that waited only for that. Returns their ids.

    Considered are the comment the link was sent for, and those of `besides` (this browser's comments) under the same
    address. Comments held for other reasons too, or decided about by a person, stay as they are.
    """
    EmailConfirmation.objects.filter(pk=confirmation.pk, confirmed_at=None).update(confirmed_at=timezone.now())
    subscriptions.confirm(confirmation.comment.connection_data.email)
    waiting = Comment.objects.waiting().filter(pk__in={confirmation.comment_id, *besides}, identity=None)
    released = []
    for comment in waiting.select_related("connection_data").prefetch_related("decisions").order_by("article_id", "pk"):
        mine = (
            comment.pk == confirmation.comment_id or address_key(comment.connection_data.email) == confirmation.address
        )
        if mine and _waits_for_this(comment):
            decide(comment.pk, Comment.Status.APPROVED, source="confirmed", reason=ADDRESS_CONFIRMED)
            released.append(comment.pk)
    return released


def _waits_for_this(comment: Comment) -> bool:
    decisions = comment.decisions.all()
    return len(decisions) == 1 and [reason["code"] for reason in decisions[0].reasons] == [FIRST_COMMENT]
