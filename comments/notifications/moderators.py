"""Telling moderators of comments that wait: at once, or gathered in a digest, as each of them has chosen.

Whoever posts writes a WaitingNotice, and no more. The worker finds out who is told; a notice is deleted in the
transaction that puts the mails into the outbox, so that each comment is told of once, however many workers there are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from comments.models import Comment, CommentSettings, Decision, ModeratorMail, WaitingNotice, When
from comments.notifications import chat, pace
from comments.notifications.letter_names import DECISION, MODERATOR, WAITING, WAITING_DIGEST
from comments.notifications.links import choices_url, desk_url, queue_url
from comments.notifications.pace import Quiet
from comments.notifications.recipients import addresses, moderators
from comments.text.excerpts import excerpt
from newsreader.accounts.models import User
from newsreader.kit.compiled_queries import FEW
from newsreader.kit.compiled_updates import CompiledUpdate
from newsreader.kit.task_queue import take_others
from newsreader.kit.tasks import task
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter

PENDING = Comment.Status.PENDING
TOGETHER = 100  # notices that one transaction works off
IN_A_MAIL = 50  # comments that a digest lists
EXCERPT = 140  # characters
TIMES = ("hour_began_at", "gathered_from", "gathered_until", "alarmed_at")  # columns that pace and alarm set
LONG = ("html", "search_terms", "article__body")  # columns that no mail shows


def note(comment: Comment, letters: Collection[Letter] = ()) -> None:
    """Have the moderators be told of a comment that was held, in the transaction of its post.

    `letters` are other mails of that post, which is new in this transaction: one task sees to everything.
    """
    outbox.enqueue_with(tell_moderators, WaitingNotice(comment=comment), letters=letters)


@task(priority=50)  # As mails are sent: a guest may wait for the link that confirms an address.
def tell_moderators() -> int:
    """Tell the moderators and the chat rooms of every comment in the notices. Returns how many notices there were."""
    take_others(tell_moderators)
    told, some = 0, TOGETHER
    while some == TOGETHER:  # Otherwise that was all: what comes now brings a task of its own.
        some = _tell_some(timezone.now())
        told += some
    if told:
        outbox.send_due.call()  # Here, as another task would cost the worker as much as this one.
    return told


@transaction.atomic
def _tell_some(now: dt.datetime) -> int:
    notices = WaitingNotice.objects.select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    long = [f"comment__{column}" for column in LONG]
    some = list(notices.select_related("comment__article").defer(*long)[:TOGETHER])
    if not some:
        return 0
    comments = [row.comment for row in some if row.comment.status == PENDING]
    if comments:
        rules = CommentSettings.objects.current()
        if rules.mail_moderators:
            outbox.enqueue(_letters(comments, rules.mails_an_hour, now), wake=False)
        chat.tell_waiting(comments, rules.mails_an_hour, now)
    WaitingNotice.objects.filter(pk__in=[row.pk for row in some]).delete()
    return len(some)


def _letters(comments: Sequence[Comment], most: int, now: dt.datetime) -> list[Letter]:
    """Return the mails that go out at once, and note for everybody else what is gathered."""
    whom = {article: moderators(article) for article in {row.article_id for row in comments}}
    choices = locked_choices({user for people in whom.values() for user in people})
    first = dict(Decision.objects.filter(comment__in=comments, number=1).values_list("comment", "pk"))
    letters: dict[tuple[int, str], Letter] = {}
    for comment in comments:
        for user, (address, language) in sorted(whom[comment.article_id].items()):
            choice = choices[user]
            if choice.when == When.NONE or not is_in(comment, choice):
                continue
            if pace.take(choice, choice.when, now, most=most, quiet=quiet_of(choice), at=comment.created_at):
                key = first[comment.pk], address.casefold()
                letters.setdefault(
                    key, Letter(name=WAITING, about=DECISION, about_id=key[0], address=address, language=language)
                )
    save_pace(choices.values())
    return list(letters.values())


def locked_choices(users: Iterable[int]) -> dict[int, ModeratorMail]:
    """Return what these people have chosen, by account id, locked; who has not chosen yet gets a row."""
    wanted = sorted(users)
    rows = ModeratorMail.objects.select_for_update().filter(user__in=wanted).order_by("user")
    rows = rows.prefetch_related("sections")
    found = {row.user_id: row for row in rows}
    if new := [ModeratorMail(user_id=user) for user in wanted if user not in found]:
        ModeratorMail.objects.bulk_create(new, ignore_conflicts=True)
        found = {row.user_id: row for row in rows.all()}
    return found


def save_pace(choices: Iterable[ModeratorMail]) -> None:
    """Save what changes as somebody is told, and nothing that they may be choosing meanwhile."""
    rows = list(choices)
    if len(rows) > FEW:
        ModeratorMail.objects.bulk_update(rows, ["hour_count", "number", *TIMES])
        return
    for row in rows:  # A bulk update takes ten times as long to write as this takes for one.
        times = {column: at for column in TIMES if (at := getattr(row, column)) is not None}
        _save_pace(row.pk, row.hour_count, row.number, *times.values(), known=tuple(times))


@partial(CompiledUpdate, "number")
def _save_pace(
    pk: int, hour_count: int, number: int, *times: dt.datetime, known: tuple[str, ...]
) -> tuple[QuerySet[ModeratorMail], dict[str, Any]]:
    """`times`: of the columns that are `known`; the others become empty."""
    changes = dict.fromkeys(TIMES) | dict(zip(known, times, strict=True))
    return ModeratorMail.objects.filter(pk=pk), {"hour_count": hour_count, "number": number, **changes}


def quiet_of(choice: Any) -> Quiet:
    return Quiet(choice.quiet_from, choice.quiet_until)


def is_in(comment: Comment, choice: Any) -> bool:
    """Say whether a comment is under an article of the sections that were chosen; none chosen: all."""
    chosen = {section.pk for section in choice.sections.all()}
    return not chosen or comment.article.section_id in chosen


def waiting_for(user: User, choice: ModeratorMail | None) -> QuerySet[Comment]:
    """Return the comments that wait for this person, in the sections that they have chosen."""
    rows: QuerySet[Comment] = Comment.objects.waiting().moderated_by(user)
    sections = [section.pk for section in choice.sections.all()] if choice else []
    return rows.filter(article__section__in=sections) if sections else rows


# --- Digests ------------------------------------------------------------------------------------------------------


@transaction.atomic
def send_digests() -> int:
    """Put the digests into the outbox whose time has come. Returns how many. A job of the worker."""
    now, rules = timezone.now(), CommentSettings.objects.current()
    gathered = ModeratorMail.objects.select_for_update(skip_locked=True).exclude(gathered_until=None)
    letters, rows = [], list(gathered.order_by("user"))
    known = addresses(Q(user__in=[row.user_id for row in rows])) if rows else {}
    for row in rows:
        if not rules.mail_moderators or row.when == When.NONE or row.user_id not in known:
            pace.done(row)
        elif pace.is_due(row, row.when, now, quiet_of(row)) and row.gathered_from:
            row.number += 1
            address, language = known[row.user_id]
            facts = {"since": row.gathered_from.isoformat()}
            pace.done(row)
            letters.append(
                Letter(
                    name=WAITING_DIGEST, about=MODERATOR, about_id=row.user_id, number=row.number, address=address,
                    language=language, facts=facts,
                )
            )  # fmt: skip
    if rows:
        save_pace(rows)
    return outbox.enqueue(letters) if letters else 0


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the templates of digests need, by letter; None where nothing waits any more. See LETTER_CONTEXTS."""
    return {letter.pk: _digest(letter) for letter in letters}


def _digest(letter: Letter) -> dict[str, Any] | None:
    user = User.objects.filter(pk=letter.about_id or 0, is_active=True).first()
    since = parse_datetime(str(letter.facts.get("since")))
    if user is None or since is None:
        return None
    waiting = waiting_for(user, ModeratorMail.objects.filter(user=user).first())
    new = waiting.filter(created_at__gte=since).order_by("created_at", "pk")
    size = new.count()
    if not size:
        return None
    shown = list(new.select_related("article").defer(*LONG)[:IN_A_MAIL])
    return listed(shown) | {"size": size, "more": size - len(shown), "in_all": waiting.count()}


def listed(comments: Iterable[Comment]) -> dict[str, Any]:
    """Return comments for a digest, grouped by article in the order of each one's first, and the ways from there."""
    order: dict[int, int] = {}
    for place, comment in enumerate(comments := list(comments)):
        order.setdefault(comment.article_id, place)
    together = sorted(comments, key=lambda row: order[row.article_id])  # Stable, so the order within an article stays.
    groups = [
        {"article": rows[0].article, "comments": [_line(row) for row in rows]}
        for rows in (list(some) for _article, some in groupby(together, key=lambda row: row.article_id))
    ]
    return {"groups": groups, "desk_url": queue_url(), "choices_url": choices_url()}


def _line(comment: Comment) -> dict[str, str]:
    return {
        "name": comment.shown_name,
        "words": excerpt(comment.body, EXCERPT),
        "desk_url": desk_url(comment),
        "url": absolute(comment.permanent_url),
    }
