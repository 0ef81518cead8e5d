"""The mail to editors about a scheduled article that does not appear: once, until it has appeared or is changed."""

from __future__ import annotations

from django.db.models import Q

from articles import publishing
from comments.notifications.letter_names import ARTICLE, HELD_UP
from comments.notifications.recipients import addresses
from newsreader.accounts.models import User
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter

PUBLISH = "articles.publish_article"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def queue_held_up() -> int:
    """Queue a mail to everybody who may publish about each article that is held up. Returns how many.

    Those about an article that is not held up any more are forgotten, so that the next time is told again.
    """
    held = [row.article.pk for row in publishing.held_up()]
    earlier = Letter.objects.filter(about=ARTICLE, name=HELD_UP)
    seen = list(earlier.values_list("about_id", "failure"))
    told = {pk for pk, failure in seen if pk in held and failure != outbox.OUTDATED}
    if gone := {pk for pk, _failure in seen} - told:
        earlier.filter(about_id__in=gone).delete()
    new = [pk for pk in held if pk not in told]
    if not new:
        return 0
    editors = User.objects.with_perm(PUBLISH, backend=BACKEND).filter(is_staff=True)
    known = sorted(set(addresses(Q(user__in=editors)).values()))
    return outbox.enqueue(
        [
            Letter(name=HELD_UP, about=ARTICLE, about_id=pk, address=address, language=language)
            for pk in new
            for address, language in known
        ]
    )
