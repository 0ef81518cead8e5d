"""The mail to those who run the site when strangers ask for very many mails: once to each, for as long as that lasts.

The budget (`newsreader.mailing.budget`) holds for each address and network; somebody with many of both can still have
the site send a lot. A surge begins above the limit of the comment settings, and is over at half of it, so that going up
and down around the limit does not tell everybody again.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q

from comments.models import CommentSettings
from comments.models.permissions import run_the_site
from comments.notifications.links import settings_url
from comments.notifications.recipients import addresses
from newsreader.mailing import budget, outbox
from newsreader.mailing.models import Letter, MailSurge

NAME, ABOUT = "mail_alarm", "mail_surge"


def watch() -> bool:
    """Tell who has to know if a surge has begun, and note that one is over. Returns whether one has begun.

    A job of the worker; safe to run in several at once.
    """
    limit = CommentSettings.objects.current().asked_mails_alarm
    asked = budget.asked_last_hour()
    going_on = MailSurge.objects.filter(is_over=False)
    if not limit or asked <= limit // 2:
        going_on.update(is_over=True)
    if not limit or asked <= limit or going_on.exists():
        return False
    try:
        _begin(asked, limit)
    except IntegrityError:  # Another worker was faster.
        return False
    return True


@transaction.atomic
def _begin(asked: int, limit: int) -> None:
    surge = MailSurge.objects.create(asked=asked, limit=limit)
    known = addresses(Q(user__in=run_the_site()))
    outbox.enqueue(
        [
            Letter(
                name=NAME,
                about=ABOUT,
                about_id=surge.pk,
                address=address,
                language=language,
                facts={"asked": asked, "limit": limit},
            )
            for address, language in known.values()
        ]
    )


def contexts(letters: list[Letter]) -> dict[int, dict[str, object] | None]:
    """Return what the alarms say: the figures of the time when they were queued."""
    names = ("asked", "limit")
    return {
        letter.pk: {name: letter.facts[name] for name in names} | {"settings_url": settings_url()} for letter in letters
    }
