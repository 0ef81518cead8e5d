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
from django.db.models import Exists, OuterRef, Q, QuerySet
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


class _News(NamedTuple):
    """What followers are told of: an article, by its section and its authors; or a correction, by its article."""

    kind: str
    pk: int
    article_id: int
    at: dt.datetime
    section_id: int | None = None
    author_ids: frozenset[int] = frozenset()

    @property
    def wishes(self) -> Q:
        if self.kind == Kind.CORRECTION:
            return Q(scope=Scope.CORRECTIONS, article=self.article_id)
        by_section, by_author = Q(scope=Scope.SECTION, section=self.section_id), Q(scope=Scope.AUTHOR)
        return by_section | (by_author & Q(author__in=self.author_ids)) if self.author_ids else by_section

    def is_wanted_by(self, row: _Wish) -> bool:
        if row.created_at > self.at:
            return False
        if row.scope == Scope.CORRECTIONS:
            return self.kind == Kind.CORRECTION and row.article_id == self.article_id
        is_of_it = row.section_id == self.section_id if row.scope == Scope.SECTION else row.author_id in self.author_ids
        return self.kind == Kind.ARTICLE and is_of_it


# What this process has told all its followers of, and since when nobody else can want it but who has confirmed their
# address later: all of it would be compared with all of them each minute.
_told: dict[_News, dt.datetime] = {}
SLOWEST = dt.timedelta(minutes=1)  # from the time that a row says to when others see it


def tell_followers() -> int:
    """Find out whom to tell of new articles and corrections. Returns how many notices. A job of the worker.

    What is new is compared with its followers once; after that only those who have confirmed their address meanwhile
    are looked for. Another worker, one that has just started, and the command look at all of it, and tell nobody twice.
    """
    now = timezone.now()
    news = list(_news(now - NEW))
    for each in _told.keys() - set(news):
        del _told[each]
    if any(at > now for at in _told.values()):  # The clock was set back.
        _told.clear()
    known, new = [each for each in news if each in _told], [each for each in news if each not in _told]
    count = _settle(_to_late_ones(known)) + sum(_settle(_to_all(each)) for each in new)
    _told.update((each, now) for each in news if each.at <= now - SLOWEST)
    return count


def _news(since: dt.datetime) -> Iterator[_News]:
    if _anybody().filter(scope__in=[Scope.SECTION, Scope.AUTHOR]).exists():
        fresh = Article.objects.published().filter(published_at__gt=since, kind=Article.Kind.ARTICLE)
        articles = list(fresh.order_by("pk").values_list("pk", "section", "published_at"))
        authors = defaultdict[int, set[int]](set)
        bylines = Byline.objects.filter(article__in=[pk for pk, *_ in articles])
        for article, author in bylines.values_list("article", "author"):
            authors[article].add(author)
        for pk, section, at in articles:
            yield _News(Kind.ARTICLE, pk, pk, at or since, section, frozenset(authors[pk]))
    if _anybody().filter(scope=Scope.CORRECTIONS).exists():
        corrections = Correction.objects.filter(at__gt=since, article__state=Article.State.PUBLISHED)
        for pk, article, at in corrections.order_by("pk").values_list("pk", "article", "at"):
            yield _News(Kind.CORRECTION, pk, article, at)


def _to_all(news: _News) -> Iterator[Notice]:
    """Yield notices to the followers who have none yet."""
    told = set[int]()
    for row in map(_Wish._make, _untold(news).order_by("pk").values_list(*_COLUMNS)):
        if row.preferences_id not in told:  # Of the section and an author, say.
            told.add(row.preferences_id)
            yield _notice_of(news, row)


def _untold(news: _News) -> QuerySet[Subscription]:
    there = Notice.objects.filter(preferences=OuterRef("preferences"), kind=news.kind, about_id=news.pk)
    return _anybody().filter(news.wishes, ~Exists(there), created_at__lte=news.at)


def _to_late_ones(known: list[_News]) -> Iterator[Notice]:
    """Yield notices to those who followed in time, and have confirmed their address since all others were told."""
    if not known:
        return
    late = _anybody().filter(preferences__confirmed_at__gt=min(_told[each] for each in known) - SLOWEST)
    rows = late.exclude(scope__in=[Scope.REPLIES, Scope.ARTICLE]).order_by("pk").values_list(*_COLUMNS)
    found = [(each, row) for row in map(_Wish._make, rows) for each in known if each.is_wanted_by(row)]
    if not found:
        return
    pairs = Notice.objects.filter(
        preferences__in={row.preferences_id for _, row in found}, about_id__in={each.pk for each, _ in found}
    )
    told = set(pairs.values_list("preferences", "kind", "about_id"))
    for each, row in found:
        if (pair := (row.preferences_id, each.kind, each.pk)) not in told:
            told.add(pair)
            yield _notice_of(each, row)


def _notice_of(news: _News, row: _Wish) -> Notice:
    return Notice(
        preferences_id=row.preferences_id, subscription_id=row.pk, kind=news.kind, about_id=news.pk,
        article_id=news.article_id,
    )  # fmt: skip


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
