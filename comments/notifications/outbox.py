"""The queue of mails, and the task that sends what is due. A failed mail is tried six times in all, each time later.

A worker leases a mail before it sends it, so that no other worker sends it, and records afterwards that it was sent. If
a worker is killed in between, its lease runs out and the mail is sent again: none is lost. If the mail server had
already accepted the first copy, it can recognise the second by its Message-ID, which stays the same. We cannot promise
more, since a mail server takes no part in our transaction.
"""

import datetime as dt
import logging
import time
from collections.abc import Collection
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from articles import publishing
from articles.models.article import Article
from comments.audit.refusal_reasons import sentence_for, sentence_of
from comments.models import Delivery
from comments.notifications.links import (
    action_urls,
    confirmation_url,
    desk_url,
    form_url,
    moderation_url,
)
from newsreader.kit import mail
from newsreader.kit.clock import ahead
from newsreader.kit.compiled_inserts import TOGETHER as IN_ONE_STATEMENT
from newsreader.kit.compiled_inserts import insert_all
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.compiled_updates import CompiledUpdate
from newsreader.kit.task_queue import take_others
from newsreader.kit.tasks import task
from newsreader.kit.web import absolute

logger = logging.getLogger(__name__)
# How long a mail waits for a worker that died while sending. Longer than sending can take: about ten steps of SMTP,
# each limited to EMAIL_TIMEOUT.
LEASE = dt.timedelta(minutes=5)
ATTEMPTS = 6
TURN = 20  # seconds; a mail server that hangs must not block the worker's other jobs. The rest is sent next time.
AT_ONCE = 200  # mails
TOGETHER = 20  # mails that are read at once


def enqueue(rows: Collection[Delivery]) -> int:
    """Put mails into the outbox, in the transaction of their event, and wake the worker. Returns how many were given.

    A second mail about the same event to the same address is left out.
    """
    if len(rows) <= IN_ONE_STATEMENT:
        insert_all(list(rows), unless_there=True)
    else:
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        send_due.enqueue()
    return len(rows)


@task()
def send_due() -> int:
    """Send every mail that is due; returns how many. Two workers never send the same one.

    Whatever else was queued to send mails is done with it: a hundred posts a second need no hundred tasks.
    """
    take_others(send_due)
    ends, sent, tried = time.monotonic() + TURN, 0, set[int]()
    while some := [row for row in _next(*_times(timezone.now())) if row.pk not in tried]:
        for row in some:
            if len(tried) == AT_ONCE or time.monotonic() >= ends:
                send_due.enqueue()  # There may be more.
                return sent
            tried.add(row.pk)
            sent += _send(row)
    return sent


def _pause(attempts: int) -> dt.timedelta:
    """Return how long a mail waits after it has failed so many times."""
    return dt.timedelta(minutes=2**attempts)


def _times(now: dt.datetime) -> list[dt.datetime]:
    """Return what `_due` compares with: now, and for each number of attempts the furthest time that is stored here."""
    return [now, ahead(now), *(ahead(now, max(LEASE, _pause(attempts))) for attempts in range(1, ATTEMPTS))]


def _due(now: dt.datetime, *furthest: dt.datetime) -> QuerySet[Delivery]:
    """Return the mails whose time has come, or lies further ahead than any that is stored here. They are unsent."""
    due = Q(due_at__lte=now)
    for attempts, end in enumerate(furthest):
        due |= Q(attempts=attempts, due_at__gt=end)
    return Delivery.objects.filter(due, sent_at=None)


@Compiled
def _next(*times: dt.datetime) -> QuerySet[Delivery]:
    """The mails whose turn it is, with what they are about: a few, so that nothing has changed when they are sent."""
    comments = ("decision__comment", "report__comment", "comment")
    rows = _due(*times).filter(attempts__lt=ATTEMPTS).order_by("due_at")
    rows = rows.select_related(*(f"{name}__article" for name in comments), "article")
    long = [f"{name}__{column}" for name in comments for column in ("html", "search_terms", "article__body")]
    return rows.defer(*long, "article__body")[:TOGETHER]


@partial(CompiledUpdate, "attempts")
def _lease(pk: int, until: dt.datetime, *times: dt.datetime) -> tuple[QuerySet[Delivery], dict[str, Any]]:
    return _due(*times).filter(pk=pk), {"due_at": until, "attempts": F("attempts") + 1}


@partial(CompiledUpdate, "attempts")
def _note_sent(pk: int, at: dt.datetime) -> tuple[QuerySet[Delivery], dict[str, Any]]:
    return Delivery.objects.filter(pk=pk), {"sent_at": at, "failure": ""}


def _send(delivery: Delivery) -> bool:
    """Send one mail. Raises the errors of the database; before the mail is leased they cost it no attempt."""
    pk, now = delivery.pk, timezone.now()
    times = _times(now)
    identity = f"{delivery.pk}.{delivery.created_at:%Y%m%d%H%M%S%f}"  # With the time, since ids repeat after a restore.
    try:
        context, language = _context(delivery), delivery.language
        message = mail.written(delivery.letter, delivery.address, context, language=language, identity=identity)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        return _failed(_due(*times).filter(pk=pk), error, now)
    if not _lease(pk, now + LEASE, *times):
        return False  # Another worker has it, the comment was withdrawn, or the article has appeared.
    try:
        mail.hand_over(message, delivery.letter)
    except Exception as error:
        return _failed(Delivery.objects.filter(pk=pk), error, now, leased=True)
    _note_sent(pk, timezone.now())
    return True


def _failed(rows: QuerySet[Delivery], error: Exception, now: dt.datetime, *, leased: bool = False) -> bool:
    """Have a mail wait that could not be sent."""
    for pk, attempts in rows.values_list("pk", "attempts"):
        logger.error("Mail %s could not be sent", pk, exc_info=error)
        attempts += not leased
        rows.update(due_at=now + _pause(attempts), attempts=attempts, failure=type(error).__name__)
    return False


def _context(delivery: Delivery) -> dict[str, Any]:
    if delivery.article:
        return _about_article(delivery.article)
    decision, report = delivery.decision, delivery.report
    comment = (report or decision or delivery).comment
    if comment is None:
        raise LookupError(f"Mail {delivery.pk} is about no comment")
    is_waiting = delivery.event == Delivery.Event.WAITING
    return {
        "comment": comment,
        "article": comment.article,
        "article_url": absolute(comment.article.get_absolute_url()),
        "comment_url": absolute(comment.permanent_url),
        "status_url": absolute(comment.status_url),
        "moderation_url": moderation_url(comment),
        "desk_url": desk_url(comment),
        "actions": action_urls(decision, delivery.address) if decision and is_waiting else {},
        "confirmation_url": confirmation_url(comment) if delivery.event == Delivery.Event.CONFIRM else "",
        "report": report,
        # Called by the template, so that the reason is in the language of the mail.
        "reason": partial(sentence_of, report.decision_reason) if report else partial(sentence_for, decision),
        "report_url": absolute(report.status_url) if report else "",
    }


def _about_article(article: Article) -> dict[str, Any]:
    held = {row.article.pk: row for row in publishing.held_up()}.get(article.pk)
    return {
        "article": article,
        "article_url": form_url(article),
        "is_address_taken": held is not None and held.is_address_taken,
    }
