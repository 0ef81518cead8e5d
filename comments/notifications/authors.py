"""Telling authors of comments that appear under their articles: at once, or gathered in a digest, as each has chosen.

Nothing of this is done while somebody posts or decides: a job looks at the decisions made since it last did. It leaves
out the last seconds, in which one may be written that is not committed yet. Each comment is news once, when it is first
approved; not to who wrote it, nor to who approved it. Source: WordPress, which mails an article's author so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from articles.models.taxonomy import Author
from comments.models import AuthorMail, Comment, CommentSettings, Decision, When
from comments.notifications import pace
from comments.notifications.letter_names import AUTHOR, COMMENT, PUBLISHED_DIGEST, PUBLISHED_UNDER
from comments.notifications.links import choices_url
from comments.notifications.moderators import IN_A_MAIL, LONG, listed, quiet_of
from comments.notifications.recipients import addresses
from newsreader.accounts.models import User
from newsreader.kit.clock import is_ahead
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.letter import quoted
from newsreader.mailing.models import Letter

APPROVED = Comment.Status.APPROVED
LAG = dt.timedelta(seconds=30)  # Longer than a transaction that decides about many comments.
KEPT = dt.timedelta(minutes=10)  # for which an author's `told_until` may lag behind where nothing has happened
FURTHEST = dt.timedelta(days=2)  # After a longer standstill nobody wants all of it.


class News(NamedTuple):
    """A comment has appeared under an article of somebody's."""

    author: int  # their account
    comment: int
    at: dt.datetime


@transaction.atomic
def tell_authors() -> int:
    """Put the mails to authors into the outbox. Returns how many. A job of the worker."""
    now, rules = timezone.now(), CommentSettings.objects.current()
    _add_missing(now)
    rows = {row.user_id: row for row in AuthorMail.objects.select_for_update(skip_locked=True).order_by("user")}
    until = now - LAG
    for row in rows.values():
        if is_ahead(row.told_until, now) or row.told_until < now - FURTHEST:
            row.told_until = until
    known = addresses(Q(user__in=list(rows))) if rows else {}
    wanted = {pk: row for pk, row in rows.items() if row.when != When.NONE and pk in known and rules.mail_authors}
    found = [each for each in _news(wanted, until) if each.at >= wanted[each.author].told_until] if wanted else []
    letters = []
    for news in found:
        row = wanted[news.author]
        if pace.take(row, row.when, now, most=rules.mails_an_hour, quiet=quiet_of(row), at=news.at):
            letters.append(_letter(PUBLISHED_UNDER, COMMENT, news.comment, *known[news.author]))
    for row in rows.values():
        if found or now - row.told_until > KEPT:
            row.told_until = max(until, row.told_until)
        if row.user_id not in wanted:
            pace.done(row)
        elif pace.is_due(row, row.when, now, quiet_of(row)) and row.gathered_from:
            row.number += 1
            facts = {"since": row.gathered_from.isoformat(), "until": row.told_until.isoformat()}
            letters.append(
                _letter(PUBLISHED_DIGEST, AUTHOR, row.user_id, *known[row.user_id], number=row.number, facts=facts)
            )
            pace.done(row)
    _save(rows.values())
    return outbox.enqueue(letters) if letters else 0


def _letter(name: str, about: str, about_id: int, address: str, language: str, **more: Any) -> Letter:
    return Letter(name=name, about=about, about_id=about_id, address=address, language=language, **more)


def _add_missing(now: dt.datetime) -> None:
    """Make the rows of authors who have none yet; of what was before that they are not told."""
    new = Author.objects.filter(user__is_active=True).exclude(user__in=AuthorMail.objects.values("user"))
    if users := list(new.values_list("user", flat=True)):
        rows = [AuthorMail(user_id=user, told_until=now - LAG) for user in users]
        AuthorMail.objects.bulk_create(rows, ignore_conflicts=True)


def _save(rows: Iterable[AuthorMail]) -> None:
    """Save what has changed, in one statement, and nothing that somebody may be choosing meanwhile."""
    columns = ["hour_began_at", "hour_count", "gathered_from", "gathered_until", "number", "told_until"]
    before = AuthorMail.objects.in_bulk([row.pk for row in rows])
    changed = [row for row in rows if any(getattr(row, name) != getattr(before[row.pk], name) for name in columns)]
    if changed:
        AuthorMail.objects.bulk_update(changed, columns)


def first_approvals(since: dt.datetime, until: dt.datetime) -> QuerySet[Decision]:
    """Return the decisions of these times with which comments appeared for the first time, and are shown still."""
    earlier = Decision.objects.filter(comment=OuterRef("comment"), number__lt=OuterRef("number"), after=APPROVED)
    rows = Decision.objects.filter(created_at__gte=since, created_at__lt=until, after=APPROVED)
    shown = rows.filter(comment__status=APPROVED, comment__article__state="published").exclude(source="import")
    return shown.filter(~Exists(earlier))


def _news(rows: dict[int, AuthorMail], until: dt.datetime) -> list[News]:
    """Return what has happened for these authors since the earliest of them was told, the oldest first."""
    since = min(row.told_until for row in rows.values())
    decisions = first_approvals(since, until).filter(comment__article__bylines__author__user__in=list(rows))
    author = "comment__article__bylines__author__user"
    found = decisions.order_by("created_at", "pk").values_list(
        author, "by", "comment__identity__user", "comment", "created_at"
    )
    return list(
        dict.fromkeys(  # Somebody may stand over an article twice, as writer and photographer.
            News(user, comment, at) for user, by, own, comment, at in found if user in rows and user not in {by, own}
        )
    )


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the templates of these letters need, by letter; None where nothing is left to tell."""
    return {letter.pk: _one(letter) if letter.name == PUBLISHED_UNDER else _digest(letter) for letter in letters}


def _one(letter: Letter) -> dict[str, Any] | None:
    comment = Comment.objects.public().filter(pk=letter.about_id or 0).select_related("article").defer(*LONG).first()
    if comment is None:
        return None
    return {
        "comment": comment,
        "words": quoted(comment.body),
        "article": comment.article,
        "comment_url": absolute(comment.permanent_url),
        "choices_url": choices_url(),
    }


def _digest(letter: Letter) -> dict[str, Any] | None:
    since, until = (parse_datetime(str(letter.facts.get(name))) for name in ("since", "until"))
    user = User.objects.filter(pk=letter.about_id or 0, is_active=True).first()
    if user is None or since is None or until is None:
        return None
    decisions = first_approvals(since, until).filter(comment__article__bylines__author__user=user)
    others = decisions.exclude(by=user).exclude(comment__identity__user=user)
    comments = Comment.objects.filter(pk__in=others.values("comment")).order_by("created_at", "pk")
    size = comments.count()
    if not size:
        return None
    shown = list(comments.select_related("article").defer(*LONG)[:IN_A_MAIL])
    return listed(shown) | {"size": size, "more": size - len(shown)}
