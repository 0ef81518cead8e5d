"""Who is to be told what has happened: from what is on record to notices, which `mailings` makes mails of.

Nothing of this is in the transaction of a post or a decision: it would have to look for readers, and everybody who
posts would wait. The worker reads the audit log instead, where each event is, in the order in which they were sealed
and without gaps. Up to where it has read is written once all notices are, and each of these is there once, whatever is
read again: none is missed and none told twice. They are written some at a time: others post meanwhile.

What was left, published or corrected long ago is no news: it is not told, whatever happens to it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from articles.models.article import Article, Byline, Correction
from comments.audit import audit_log
from comments.models import REMOVED, AuditEntry, Comment, Decision, MailPreferences, Notice, Subscription, ToldUpTo
from comments.notifications.letter_names import DECISION, PUBLISHED, REFUSED
from comments.notifications.recipients import addresses
from comments.notifications.sending_times import next_time
from newsreader.kit.long_writes import ShortTransactions
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import folded

LATEST = dt.timedelta(days=60)  # since a comment was left; notices are kept longer than that
NEW = dt.timedelta(days=2)  # since an article was published or corrected; the worker may have been away
SOME = 100  # entries of the log that are read at once
TOGETHER = 1_000  # notices that are stored in one transaction
Kind, Scope, Status = Notice.Kind, Subscription.Scope, Comment.Status


def tell_readers() -> int:
    """Find out whom to tell of what has happened to comments since the last time. Returns how many notices.

    A job of the worker. Safe in several workers: what both find is stored once.
    """
    found = 0
    while True:
        told, more = _tell_some()
        found += told
        if not more:
            return found


class _Happened(NamedTuple):
    """An event of the log: when and what, to which comment, and who did it (None: a rule)."""

    entry_id: int
    at: dt.datetime
    comment_id: int
    kind: str
    facts: dict
    by: int | None


def _tell_some() -> tuple[int, bool]:
    mark = ToldUpTo.objects.first()
    if mark is None:  # What was there before anybody could subscribe is told to nobody.
        ToldUpTo.objects.get_or_create(pk=1, defaults={"number": audit_log.head().number})
        return 0, False
    rows = AuditEntry.objects.filter(number__gt=mark.number).order_by("number")[:SOME]
    entries = list(rows.values_list("number", "pk", "created_at", "subject", "kind", "facts", "by_account"))
    if not entries:
        return 0, False
    happened = [
        _Happened(pk, at, int(subject.partition(":")[2]), kind, facts, by)
        for _, pk, at, subject, kind, facts, by in entries
        if kind in {"decision", "pick"} and subject.startswith("comment:")
    ]
    told = _settle(_notices_of(happened)) if happened else 0
    ToldUpTo.objects.filter(pk=mark.pk, number=mark.number).update(number=entries[-1][0])
    return told, len(entries) == SOME


def _notices_of(happened: list[_Happened]) -> Iterator[Notice]:
    if not MailPreferences.objects.exists():
        return
    since = timezone.now() - LATEST
    rows = Comment.objects.filter(pk__in={event.comment_id for event in happened}, created_at__gt=since)
    rows = rows.filter(article__state=Article.State.PUBLISHED).exclude(status=Status.SPAM)
    comments = rows.select_related("identity", "connection_data").only(
        "article", "parent", "status", "picked_at", "created_at", "identity__user", "identity__email", "connection_data"
    )
    known = {comment.pk: comment for comment in comments}
    events = [event for event in happened if event.comment_id in known]
    approved = [event for event in events if _is_approval(event) and known[event.comment_id].status == Status.APPROVED]
    yield from _of_new_comments(approved, known)
    yield from _of_own_comments(events, known)


def _is_approval(event: _Happened) -> bool:
    return event.kind == "decision" and event.facts.get("after") == Status.APPROVED


def _anybody() -> QuerySet[Subscription]:
    """The subscriptions of those who may be told anything: the address is confirmed, and mails are not stopped."""
    return Subscription.objects.filter(
        ended_at=None, preferences__confirmed_at__isnull=False, preferences__stopped_at=None
    )


class _Wish(NamedTuple):
    """What is needed of a subscription: ten thousand may be wanted at once."""

    pk: int
    preferences_id: int
    folded: str
    scope: str
    created_at: dt.datetime
    comment_id: int | None
    article_id: int | None
    section_id: int | None
    author_id: int | None


_COLUMNS = (
    "pk",
    "preferences",
    "preferences__folded",
    "scope",
    "created_at",
    "comment",
    "article",
    "section",
    "author",
)


def _of_new_comments(approved: list[_Happened], known: dict[int, Comment]) -> Iterator[Notice]:
    """Yield notices to those who wanted answers to their comment, or all comments of its article: one to each."""
    if not approved:
        return
    parents = {known[event.comment_id].parent_id for event in approved} - {None}
    articles = {known[event.comment_id].article_id for event in approved}
    wanted = Q(scope=Scope.REPLIES, comment__in=parents) | Q(scope=Scope.ARTICLE, article__in=articles)
    sound = Q(comment=None) | ~Q(comment__status__in=REMOVED)
    found = _anybody().filter(wanted, sound).order_by("pk").values_list(*_COLUMNS)
    by_parent, by_article = defaultdict[int, list[_Wish]](list), defaultdict[int, list[_Wish]](list)
    for row in map(_Wish._make, found):
        if row.scope == Scope.REPLIES:
            by_parent[row.comment_id or 0].append(row)
        else:
            by_article[row.article_id or 0].append(row)
    own = _addresses_of(known[event.comment_id] for event in approved)
    for event in approved:
        comment, told = known[event.comment_id], set(own[event.comment_id])
        for row in (*by_parent[comment.parent_id or 0], *by_article[comment.article_id]):
            if row.folded in told or row.created_at > event.at:
                continue
            told.add(row.folded)
            yield _notice(row, Kind.COMMENT, comment.pk, comment, is_reply=row.scope == Scope.REPLIES)


def _of_own_comments(events: list[_Happened], known: dict[int, Comment]) -> Iterator[Notice]:
    """Yield notices to those who asked to be told about their own comment: what a person decided, and a pick.

    What is decided about a comment of an account is told to it in the decision's transaction (`recipients`), unless it
    wants that in a digest, or outside of its quiet hours.
    """
    every = [(event, kind) for event in events if (kind := _kind_of(event, known[event.comment_id]))]
    yield from _of_accounts([each for each in every if each[1] != Kind.PICKED], known)
    told = [(event, kind) for event, kind in every if kind == Kind.PICKED or not _account(known[event.comment_id])]
    if not told:
        return
    mine = _anybody().filter(scope=Scope.REPLIES, comment__in={event.comment_id for event, _ in told})
    rows = defaultdict[int, list[Subscription]](list)
    for row in mine.filter(preferences__own_comments=True):
        rows[row.comment_id or 0].append(row)
    decisions = _decisions_of(event for event, kind in told if kind != Kind.PICKED)
    for event, kind in told:
        about = event.entry_id if kind == Kind.PICKED else decisions.get((event.comment_id, event.facts["number"]))
        for row in rows[event.comment_id]:
            if about and row.created_at <= event.at:
                yield _notice(row, kind, about, known[event.comment_id])


def _kind_of(event: _Happened, comment: Comment) -> str | None:
    """Return what this is to the author of the comment; None: no news, or told otherwise, or not so any more."""
    identity = comment.identity
    if event.by is None or (identity and identity.user_id == event.by):
        return None
    if event.kind == "pick":
        return Kind.PICKED if event.facts.get("on") and comment.picked_at else None
    before, after = event.facts.get("before"), event.facts.get("after")
    if after != comment.status or before == Status.SPAM != after != Status.APPROVED:
        return None
    return {Status.APPROVED: Kind.PUBLISHED, Status.TRASH: Kind.REFUSED}.get(Status(str(after)))


def _account(comment: Comment) -> int | None:
    return comment.identity.user_id if comment.identity else None


def _of_accounts(told: list[tuple[_Happened, str]], known: dict[int, Comment]) -> Iterator[Notice]:
    users = {user for event, _ in told if (user := _account(known[event.comment_id]))}
    if not users:
        return
    where = {user: folded(address) for user, (address, _) in addresses(Q(user__in=users)).items()}
    rows = MailPreferences.objects.filter(folded__in=where.values(), own_comments=True, stopped_at=None)
    preferences = {row.folded: row for row in rows.exclude(confirmed_at=None)}
    decisions = _decisions_of(event for event, _ in told)
    letters = Letter.objects.filter(about=DECISION, about_id__in=decisions.values(), name__in=[PUBLISHED, REFUSED])
    mailed = {(pk, folded(address)) for pk, address in letters.values_list("about_id", "address")}
    for event, kind in told:
        comment = known[event.comment_id]
        row = preferences.get(where.get(_account(comment) or 0, ""))
        about = decisions.get((event.comment_id, event.facts["number"]))
        if row and about and (about, row.folded) not in mailed:
            yield Notice(preferences=row, kind=kind, about_id=about, comment=comment, article_id=comment.article_id)


def _decisions_of(events: Iterable[_Happened]) -> dict[tuple[int, int], int]:
    wanted = Q(pk=None)
    for event in events:
        wanted |= Q(comment=event.comment_id, number=event.facts["number"])
    rows = Decision.objects.filter(wanted).values_list("comment", "number", "pk")
    return {(comment, number): pk for comment, number, pk in rows}


def _addresses_of(comments: Iterable[Comment]) -> dict[int, set[str]]:
    """Return for each comment the addresses of its author, in lower case: nobody is told of their own words."""
    found, users = dict[int, set[str]](), defaultdict[int, list[int]](list)
    for comment in comments:
        data, identity = getattr(comment, "connection_data", None), comment.identity
        found[comment.pk] = {folded(text) for text in (data and data.email, identity and identity.email) if text}
        if identity and identity.user_id:
            users[identity.user_id].append(comment.pk)
    for user, email in EmailAddress.objects.filter(user__in=users).values_list("user", "email") if users else ():
        for pk in users[user]:
            found[pk].add(folded(email))
    return found


def _notice(row: Subscription | _Wish, kind: str, about_id: int, comment: Comment, *, is_reply: bool = False) -> Notice:
    return Notice(
        preferences_id=row.preferences_id, subscription_id=row.pk, kind=kind, about_id=about_id, is_reply=is_reply,
        comment=comment, article_id=comment.article_id,
    )  # fmt: skip


# --- Articles -----------------------------------------------------------------------------------------------------


def tell_followers() -> int:
    """Find out whom to tell of new articles and corrections. Returns how many notices. A job of the worker."""
    return _settle(_of_new_articles()) + _settle(_of_corrections())


def _of_new_articles() -> Iterator[Notice]:
    follows = _anybody().filter(scope__in=[Scope.SECTION, Scope.AUTHOR])
    if not follows.exists():
        return
    since = timezone.now() - NEW
    fresh = Article.objects.published().filter(published_at__gt=since, kind=Article.Kind.ARTICLE)
    articles = {pk: (section, at or since) for pk, section, at in fresh.values_list("pk", "section", "published_at")}
    bylines = defaultdict[int, set[int]](set)
    for article, author in Byline.objects.filter(article__in=articles).values_list("article", "author"):
        bylines[author].add(article)
    by_section = defaultdict[int, set[int]](set)
    for pk, (section, _) in articles.items():
        by_section[section].add(pk)
    wanted = Q(section__in=by_section) | Q(author__in=bylines)
    told = _told(Kind.ARTICLE, articles)
    rows = follows.filter(wanted).order_by("pk").values_list(*_COLUMNS)
    for row in map(_Wish._make, rows):
        for pk in by_section[row.section_id] if row.section_id else bylines[row.author_id or 0]:
            if row.created_at <= articles[pk][1] and (row.preferences_id, pk) not in told:
                told.add((row.preferences_id, pk))
                yield Notice(
                    preferences_id=row.preferences_id,
                    subscription_id=row.pk,
                    kind=Kind.ARTICLE,
                    about_id=pk,
                    article_id=pk,
                )


def _of_corrections() -> Iterator[Notice]:
    follows = _anybody().filter(scope=Scope.CORRECTIONS)
    since = timezone.now() - NEW
    fresh = Correction.objects.filter(
        at__gt=since, article__state=Article.State.PUBLISHED, article__in=follows.values("article")
    )
    corrections = list(fresh.order_by("pk"))
    told = _told(Kind.CORRECTION, [correction.pk for correction in corrections])
    rows = follows.filter(article__in={correction.article_id for correction in corrections})
    by_article = defaultdict[int, list[_Wish]](list)
    for row in map(_Wish._make, rows.values_list(*_COLUMNS) if corrections else ()):
        by_article[row.article_id or 0].append(row)
    for correction in corrections:
        for row in by_article[correction.article_id]:
            if row.created_at <= correction.at and (row.preferences_id, correction.pk) not in told:
                yield Notice(
                    preferences_id=row.preferences_id, subscription_id=row.pk, kind=Kind.CORRECTION,
                    about_id=correction.pk, article_id=correction.article_id,
                )  # fmt: skip


def _told(kind: str, ids: Iterable[int]) -> set[tuple[int, int]]:
    rows = Notice.objects.filter(kind=kind, about_id__in=list(ids))
    return set(rows.values_list("preferences", "about_id"))


# --- Notices ------------------------------------------------------------------------------------------------------


def _settle(notices: Iterable[Notice]) -> int:
    """Store notices that are new, and set when their readers are told. Returns how many there were.

    Some at a time, each time in a transaction: a comment may be told to ten thousand. What is cut short is found again
    and stored from the start; a notice that is there is left alone.
    """
    told, writes, rest = 0, ShortTransactions(), iter(notices)
    while some := list(islice(rest, TOGETHER)):
        with writes.next():
            told += _settle_some(some)
    return told


def _settle_some(notices: list[Notice]) -> int:
    preferences = _open_ones({notice.preferences_id for notice in notices})
    rows = [notice for notice in notices if notice.preferences_id in preferences]
    if not rows:
        return 0
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    now, due = timezone.now(), defaultdict[dt.datetime, list[int]](list)
    for row in preferences.values():
        due[next_time(row, now)].append(row.pk)
    for at, ids in due.items():
        waiting = MailPreferences.objects.filter(Q(next_at=None) | Q(next_at__gt=at), pk__in=ids)
        waiting.update(next_at=at)
    return len(rows)


def _open_ones(ids: Collection[int]) -> dict[int, MailPreferences]:
    """Return these preferences, without those of addresses whose accounts were closed."""
    found = MailPreferences.objects.in_bulk(ids)
    wanted = [row.folded for row in found.values()]
    rows = EmailAddress.objects.alias(folded=Lower("email")).filter(folded__in=wanted, user__is_active=False)
    closed = {folded(email) for email in rows.values_list("email", flat=True)}
    return {pk: row for pk, row in found.items() if row.folded not in closed}
