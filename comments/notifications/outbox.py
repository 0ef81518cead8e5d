"""The outbox of the release before, `comments.models.Delivery`: what is in it moves into the site's outbox.

While releases follow each other, the one before may still write there, queue its task and send. Nothing else does. The
table, this module and its job go with the next release.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comments.models import Delivery
from comments.notifications.letter_names import ARTICLE, COMMENT, DECISION, REPORT
from newsreader.kit.tasks import task
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter

ATTEMPTS = 6  # after which that release gave up
AT_ONCE = 500  # rows


@transaction.atomic
def take_over() -> int:
    """Move mails into the site's outbox: all that wait, and some of those that were sent. Returns how many.

    Those that another worker may be sending are left until its lease has run out. Safe in several workers at once, of
    either release: a mail is deleted there before it is sent here.
    """
    free = Q(attempts=0) | Q(due_at__lte=timezone.now()) | Q(sent_at__isnull=False)
    rows = Delivery.objects.filter(free).select_for_update(skip_locked=True)
    waiting = list(rows.filter(sent_at=None).order_by("pk"))
    moved = waiting + list(rows.filter(sent_at__isnull=False).order_by("pk")[:AT_ONCE])
    if not moved:
        return 0
    Letter.objects.bulk_create(map(_letter, moved), ignore_conflicts=True, batch_size=AT_ONCE)
    pks = [row.pk for row in moved]
    for at in range(0, len(pks), AT_ONCE):
        Delivery.objects.filter(pk__in=pks[at : at + AT_ONCE]).delete()
    if waiting:
        outbox.send_due.enqueue()
    return len(moved)


@task()
def send_due() -> int:
    """What the release before has queued whenever it put a mail there. Returns how many mails were moved."""
    return take_over()


def _letter(row: Delivery) -> Letter:
    about, about_id = next(
        (about, pk)
        for about, pk in [
            (DECISION, row.decision_id),
            (REPORT, row.report_id),
            (COMMENT, row.comment_id),
            (ARTICLE, row.article_id),
        ]
        if pk
    )
    now = timezone.now()
    return Letter(
        name=row.letter,
        about=about,
        about_id=about_id,
        number=row.pk if about == COMMENT else 0,  # A comment can be handed over more than once.
        address=row.address,
        language=row.language,
        created_at=row.created_at,
        due_at=now,
        attempts=row.attempts,
        sent_at=row.sent_at,
        given_up_at=now if row.sent_at is None and row.attempts >= ATTEMPTS else None,
        failure=row.failure,
    )
