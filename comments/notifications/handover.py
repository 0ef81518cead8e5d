"""The mail to a colleague to whom a comment was handed: once each time, unless it is taken back before it is sent."""

from __future__ import annotations

from django.db.models import Q

from comments.models import Comment, Delivery
from comments.notifications.outbox import enqueue
from comments.notifications.recipients import addresses
from newsreader.accounts.models import User


def queue_handed_over(comment: Comment, to: User) -> int:
    """Queue the mail to the colleague to whom a comment was handed. Returns how many: one or none.

    None if they cannot open the desk, or have no verified address.
    """
    known = addresses(Q(user=to.pk, user__is_staff=True))
    return enqueue(
        [
            Delivery(comment=comment, event=Delivery.Event.HANDED_OVER, address=address, language=language)
            for address, language in known.values()
        ]
    )


def not_handed_over(comment: Comment) -> int:
    """Drop the unsent mail about handing over a comment that somebody else has now. Returns how many."""
    handed = Delivery.objects.filter(comment=comment.pk, event=Delivery.Event.HANDED_OVER)
    return handed.filter(sent_at=None, attempts=0).delete()[0]
