"""The mail to a colleague to whom a comment was handed: once each time, unless it is taken back before it is sent."""

from __future__ import annotations

from django.db.models import Max, Q

from comments.models import Comment
from comments.notifications.letter_names import COMMENT, HANDED_OVER
from comments.notifications.recipients import addresses
from newsreader.accounts.models import User
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter


def queue_handed_over(comment: Comment, to: User) -> int:
    """Queue the mail to the colleague to whom a comment was handed. Returns how many: one or none.

    None if they cannot open the desk, or have no verified address.
    """
    known = addresses(Q(user=to.pk, user__is_staff=True))
    earlier = Letter.objects.filter(about=COMMENT, about_id=comment.pk, name=HANDED_OVER)
    number = (earlier.aggregate(number=Max("number"))["number"] or 0) + 1  # It can be handed to them again.
    return outbox.enqueue(
        [
            Letter(
                name=HANDED_OVER, about=COMMENT, about_id=comment.pk, number=number, address=address, language=language
            )
            for address, language in known.values()
        ]
    )


def not_handed_over(comment: Comment) -> int:
    """Drop the unsent mail about handing over a comment that somebody else has now. Returns how many."""
    return outbox.drop(COMMENT, [comment.pk], [HANDED_OVER])
