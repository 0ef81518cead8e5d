"""The mail to a colleague to whom a comment was handed: once for each handing over, unless it is taken back at once."""

from __future__ import annotations

from django.db.models import Q

from comments.models import Comment, Delivery
from comments.notifications.outbox import enqueue
from comments.notifications.recipients import addresses
from newsreader.accounts.models import User


def queue_handed_over(comment: Comment, to: User) -> int:
    """Write a row for the mail to whom a comment was handed. Returns how many, which is one or none.

    None to whom the desk is not open, and none where no address of theirs is verified.
    """
    known = addresses(Q(user=to.pk, user__is_staff=True))
    return enqueue(
        [
            Delivery(comment=comment, event=Delivery.Event.HANDED_OVER, address=address, language=language)
            for address, language in known.values()
        ]
    )


def not_handed_over(comment: Comment) -> int:
    """Drop the mail about a comment that is in other hands before it went out. Returns how many."""
    handed = Delivery.objects.filter(comment=comment.pk, event=Delivery.Event.HANDED_OVER)
    return handed.filter(sent_at=None, attempts=0).delete()[0]
