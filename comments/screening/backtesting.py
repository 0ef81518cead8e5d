"""What entries of the lists would have found: run over the comments of the last days, before they are in force.

Bounded in comments and in seconds, and says how far it came. Nothing is stored, and no hits are counted. Looked at is
what is kept: the text as it is now, name, website, and what the comment left behind as long as that is there.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from comments.drafts import Author, Draft, Visit
from comments.models import Comment, Decision, FilterEntry
from comments.models.querysets import CommentQuerySet
from comments.screening import patterns
from comments.screening.compiled_entries import CompiledEntries, CompiledEntry
from comments.screening.words import found_anywhere

DAYS, MOST_DAYS = 30, 365
MOST = 20_000  # comments
SECONDS = 10.0
AT_ONCE = 200  # comments in memory
SHOWN = 100  # of those that were found
EXCERPT = 400  # characters
_FIELDS = (
    "pk", "article", "article__section", "article__headline", "status", "identity", "name", "website", "body", "html",
    "created_at", "connection_data__address", "connection_data__user_agent", "connection_data__email",
)  # fmt: skip
_Row = dict[str, Any]


@dataclass
class OutcomeCounts:
    """How many comments were found, and how many of them a person had approved: false alarms."""

    found: int = 0
    approved: int = 0


@dataclass(frozen=True)
class Found:
    """A comment that was found: its status now, and the patterns that it matches."""

    comment_id: int
    name: str
    text: str  # its beginning
    headline: str
    created_at: dt.datetime
    status: str
    approved_by_person: bool
    patterns: tuple[str, ...]


@dataclass
class Backtest:
    """What came of it.

    `since` is the beginning of the time asked about, `reached` when the last comment was left that was looked at.
    `stopped` is `time` or `number` where a bound came first. `each` has a pattern and its tally, in the order given.
    """

    days: int
    since: dt.datetime
    reached: dt.datetime | None = None
    looked_at: int = 0
    total: OutcomeCounts = field(default_factory=OutcomeCounts)
    each: list[tuple[str, OutcomeCounts]] = field(default_factory=list)
    newest: list[Found] = field(default_factory=list)  # SHOWN of them
    stopped: str = ""


def backtest(
    rules: Sequence[FilterEntry], rows: CommentQuerySet, *, days: int = DAYS, most: int = MOST, seconds: float = SECONDS
) -> Backtest:
    """Run entries, stored or not, in force or not, over those of `rows` that readers left in the last `days`.

    The newest come first. Where all entries have the same scope, only comments there are looked at; those that the
    newsroom left are not, since they are never judged. One query, and two for every AT_ONCE comments. Raises
    TooManyPatterns for more regular expressions than may be in force together.
    """
    until = time.monotonic() + seconds
    result = Backtest(days, timezone.now() - dt.timedelta(days=days))
    result.each = [(rule.pattern, OutcomeCounts()) for rule in rules]
    book = CompiledEntries(_numbered(rules))
    patterns.check_room([entry.regex for entry in book.regexes])
    ids = list(_within(rows, rules, result.since).values_list("pk", flat=True)[: most + 1])
    if len(ids) > most:
        result.stopped = "number"
    for start in range(0, min(len(ids), most), AT_ONCE):
        if not _look(ids[start : min(start + AT_ONCE, most)], book, result, until):
            result.stopped = "time"
            break
    return result


def _numbered(rules: Iterable[FilterEntry]) -> list[FilterEntry]:
    """Return what is looked for, without end and with its place as number: entries that are tried may have no other."""
    return [
        FilterEntry(
            pk=place,
            pattern=rule.pattern,
            match=rule.match,
            action=rule.action,
            section_id=rule.section_id,
            article_id=rule.article_id,
        )
        for place, rule in enumerate(rules)
    ]


def _within(rows: CommentQuerySet, rules: Sequence[FilterEntry], since: dt.datetime) -> CommentQuerySet:
    rows = rows.filter(created_at__gte=since, by_staff=False).order_by("-created_at", "-pk")
    scopes = {(rule.section_id, rule.article_id) for rule in rules}
    section, article = scopes.pop() if len(scopes) == 1 else (None, None)
    if article is not None:
        return rows.filter(article=article)
    return rows.filter(article__section=section) if section is not None else rows


def _look(ids: list[int], book: CompiledEntries, result: Backtest, until: float) -> bool:
    """Look at these comments and count what is found. False where the time was up before the last of them."""
    found: list[tuple[_Row, list[CompiledEntry]]] = []
    rows = list(Comment.objects.filter(pk__in=ids).order_by("-created_at", "-pk").values(*_FIELDS))
    in_time = True
    for row in rows:
        in_time = time.monotonic() < until
        if not in_time:
            break
        result.looked_at, result.reached = result.looked_at + 1, row["created_at"]
        entries = found_anywhere(_draft(row), book)
        if meant := [entry for entry in entries if entry.counts_in(row["article"], row["article__section"])]:
            found.append((row, meant))
    approved = _approved_by_person([row["pk"] for row, _ in found])
    for row, meant in found:
        _count(row, meant, result, is_false=row["pk"] in approved)
    return in_time


def _draft(row: _Row) -> Draft:
    """Return a stored comment as it would be judged if it came in now."""
    # What a member's account says besides is not judged when they post.
    email = "" if row["identity"] else row["connection_data__email"] or ""
    visit = Visit(address=row["connection_data__address"] or "", user_agent=row["connection_data__user_agent"] or "")
    author = Author(row["name"], email, row["website"])
    return Draft(row["article"], row["body"], author, visit=visit, html=row["html"])


def _approved_by_person(ids: list[int]) -> set[int]:
    """Return which of these are approved now, and were by a person: somebody's account, kept or deleted since."""
    if not ids:
        return set()
    approvals = Decision.objects.filter(comment__in=ids, comment__status=Comment.Status.APPROVED, source="")
    return set(approvals.filter(after=Comment.Status.APPROVED).values_list("comment_id", flat=True))


def _count(row: _Row, entries: list[CompiledEntry], result: Backtest, *, is_false: bool) -> None:
    for tally in (result.total, *(result.each[entry.pk][1] for entry in entries)):
        tally.found += 1
        tally.approved += is_false
    if len(result.newest) < SHOWN:
        named = tuple(entry.pattern for entry in entries)
        result.newest.append(
            Found(
                row["pk"],
                row["name"],
                row["body"][:EXCERPT],
                row["article__headline"],
                row["created_at"],
                row["status"],
                is_false,
                named,
            )
        )
