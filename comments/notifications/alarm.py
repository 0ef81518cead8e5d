"""Reminding moderators, and chat rooms, when the oldest comment has waited for too long.

Once to each, until nothing waits for them any more or a day has passed; not to those who want no mails, and not in
their quiet hours.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from comments.models import Comment, CommentSettings, Decision, ModeratorMail, When
from comments.notifications import chat
from comments.notifications.letter_names import MODERATOR, OVERDUE
from comments.notifications.links import choices_url, queue_url
from comments.notifications.moderators import (
    LONG,
    is_in,
    locked_choices,
    quiet_of,
    save_pace,
    waiting_for,
)
from comments.notifications.pace import DAY
from comments.notifications.recipients import addresses, moderators
from newsreader.accounts.models import User
from newsreader.kit.clock import is_ahead
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter

ARTICLES = 50  # those with the oldest comments; who moderates others hears of them when these are decided


@transaction.atomic
def sound_alarm() -> int:
    """Put the reminders into the outbox that are due. Returns how many mails. A job of the worker."""
    now, rules = timezone.now(), CommentSettings.objects.current()
    _forget_where_nothing_waits()
    if not rules.alarm_hours:
        return 0
    oldest = oldest_by_article(now, rules.alarm_hours)
    if not oldest:
        return 0
    chat.tell_alarm(oldest, now)
    letters = _letters(oldest, now) if rules.mail_moderators else []
    return outbox.enqueue(letters) if letters else 0


@transaction.atomic
def hold_off() -> None:
    """Count everybody as reminded who is due for it, without a mail: of comments that were there from the beginning."""
    now, hours = timezone.now(), CommentSettings.objects.current().alarm_hours
    if hours:
        _letters(oldest_by_article(now, hours), now)


def overdue(rows: QuerySet[Comment], now: dt.datetime, hours: int) -> QuerySet[Comment]:
    """Return those of the waiting comments that have waited for so long, the oldest first, each with `since`.

    A comment waits since its last decision: an imported one is older than that.
    """
    last = Decision.objects.filter(comment=OuterRef("pk")).order_by("-number").values("created_at")[:1]
    since = rows.annotate(since=Subquery(last)).filter(since__lte=now - dt.timedelta(hours=hours))
    return since.order_by("since", "pk")


def oldest_by_article(now: dt.datetime, hours: int) -> list[Comment]:
    """Return the comment of each article that has waited longest, if that is too long; the longest first."""
    found: dict[int, Comment] = {}
    rows = overdue(Comment.objects.waiting(), now, hours).select_related("article").defer(*LONG)
    for comment in rows[: 10 * ARTICLES]:
        if len(found) < ARTICLES:
            found.setdefault(comment.article_id, comment)
    return list(found.values())


def is_over(alarmed_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Say whether somebody may be reminded again."""
    return alarmed_at is None or now - alarmed_at >= DAY or is_ahead(alarmed_at, now)


def _letters(oldest: list[Comment], now: dt.datetime) -> list[Letter]:
    whom = {row.article_id: moderators(row.article_id) for row in oldest}
    choices = locked_choices({user for people in whom.values() for user in people})
    known = addresses(Q(user__in=list(choices)))
    letters, reminded = [], []
    for user, choice in choices.items():
        concerned = any(user in whom[row.article_id] and is_in(row, choice) for row in oldest)
        silent = choice.when == When.NONE or quiet_of(choice).end(now) is not None
        if not concerned or silent or not is_over(choice.alarmed_at, now):
            continue
        choice.number += 1
        choice.alarmed_at = now
        reminded.append(choice)
        address, language = known[user]
        letters.append(
            Letter(
                name=OVERDUE, about=MODERATOR, about_id=user, number=choice.number, address=address, language=language
            )
        )
    if reminded:
        save_pace(reminded)
    return letters


def _forget_where_nothing_waits() -> None:
    """Let those be reminded again for whom nothing has waited meanwhile."""
    for choice in ModeratorMail.objects.exclude(alarmed_at=None).select_related("user"):
        if not waiting_for(choice.user, choice).exists():
            ModeratorMail.objects.filter(pk=choice.pk).update(alarmed_at=None)
    chat.forget_alarms()


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the templates of reminders need, by letter; None where nothing waits too long any more."""
    return {letter.pk: _reminder(letter) for letter in letters}


def _reminder(letter: Letter) -> dict[str, Any] | None:
    now, hours = timezone.now(), CommentSettings.objects.current().alarm_hours
    user = User.objects.filter(pk=letter.about_id or 0, is_active=True).first()
    if user is None or not hours:
        return None
    waiting = waiting_for(user, ModeratorMail.objects.filter(user=user).first())
    first = overdue(waiting, now, hours).first()
    if first is None:
        return None
    seconds = (now - first.since).total_seconds()  # type: ignore[attr-defined]
    return {
        "seconds": seconds,
        "hours": int(seconds // 3600),
        "size": waiting.count(),
        "desk_url": queue_url(),
        "choices_url": choices_url(),
    }
