"""What happened to somebody's comments since they last looked: answers, what editors decided, picks. Newest first.

It is read from what is on record anyway: nothing is stored for it but when its reader said that they had seen it.
Nobody is told about spam, nor what a rule did.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from articles.models.article import Article
from comments.models import Comment, Decision, LastLook
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.clock import ahead

MOST = 20  # entries
OWN = 500  # comments, the newest: so many are looked at
BACK = dt.timedelta(days=30)  # for who has never looked
REPLY, PUBLISHED, REFUSED, PICKED = "reply", "published", "refused", "picked"
Status = Comment.Status


class Happened(NamedTuple):
    """One thing that happened: what, when, the comment that was left or is one's own, and where to read it."""

    kind: str
    at: dt.datetime
    comment: Comment
    url: str


def since_last_look(user: User) -> list[Happened]:
    """Return what happened, newest first, as much as a small list shows. Five queries."""
    look = LastLook.objects.filter(pk=user.pk).first()
    since, now = look.at if look else timezone.now() - BACK, timezone.now()
    since = min(since, ahead(now))  # Of an earlier clock, before it was set back.
    identities = list(CommenterIdentity.objects.filter(user=user).values_list("pk", flat=True))
    if not identities:
        return []
    own = Comment.objects.filter(identity__in=identities).order_by("-created_at", "-pk").values("pk")[:OWN]
    mine = list(own.values_list("pk", flat=True))
    if not mine:
        return []
    found = [*_replies(mine, user, since), *_decisions(mine, user, since), *_picks(mine, since)]
    return sorted(found, key=lambda each: each.at, reverse=True)[:MOST]


def note_look(user: User, until: dt.datetime | None = None) -> None:
    """Note that somebody has seen what happened until then; without a time, or with one that is to come, until now."""
    now = timezone.now()
    at = until if until and until <= now else now
    row, is_new = LastLook.objects.get_or_create(user=user, defaults={"at": at})
    if not is_new and (row.at < at or row.at > ahead(now)):
        LastLook.objects.filter(pk=row.pk).update(at=at)


def _with_articles(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    shown = decisions.filter(comment__article__state=Article.State.PUBLISHED).select_related("comment__article")
    long = ("comment__body", "comment__html", "comment__search_terms", "comment__article__body")
    return shown.defer(*long).order_by("-created_at", "-pk")[: MOST * 2]


def _replies(mine: list[int], user: User, since: dt.datetime) -> Iterator[Happened]:
    """Yield answers by others, when they were first shown."""
    before = Decision.objects.filter(comment=OuterRef("comment"), after=Status.APPROVED, number__lt=OuterRef("number"))
    first = Decision.objects.filter(
        comment__parent__in=mine, comment__status=Status.APPROVED, after=Status.APPROVED, created_at__gt=since
    )
    theirs = CommenterIdentity.objects.filter(pk=OuterRef("comment__identity"), user=user)
    for row in _with_articles(first.filter(~Exists(before), ~Exists(theirs))):
        yield Happened(REPLY, row.created_at, row.comment, row.comment.permanent_url)


def _decisions(mine: list[int], user: User, since: dt.datetime) -> Iterator[Happened]:
    """Yield what editors decided, as long as it is still so."""
    rows = Decision.objects.filter(
        comment__in=mine, by__isnull=False, created_at__gt=since, after=F("comment__status"),
        after__in=[Status.APPROVED, Status.TRASH],
    ).exclude(by=user).exclude(before=Status.SPAM, after=Status.TRASH)  # fmt: skip
    for row in _with_articles(rows):
        if row.after == Status.APPROVED:
            yield Happened(PUBLISHED, row.created_at, row.comment, row.comment.permanent_url)
        else:
            yield Happened(REFUSED, row.created_at, row.comment, row.comment.status_url)


def _picks(mine: list[int], since: dt.datetime) -> Iterator[Happened]:
    rows = Comment.objects.public().filter(pk__in=mine, picked_at__gt=since).select_related("article")
    for row in rows.defer("body", "html", "search_terms", "article__body").order_by("-picked_at")[:MOST]:
        if row.picked_at:
            yield Happened(PICKED, row.picked_at, row, row.permanent_url)
