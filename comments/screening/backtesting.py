"""Backtest: what filter entries would have found in the comments of the last days, before they are put in force.

Limited in comments and in seconds; the result says how far it came. Nothing is stored, and no hits are counted. Only
stored data is searched: the present text, name, website, and the connection data as long as it is kept.
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
SHOWN = 100  # of the comments found
EXCERPT = 400  # characters
_FIELDS = (
    "pk", "article", "article__section", "article__headline", "status", "identity", "name", "website", "body", "html",
    "created_at", "connection_data__address", "connection_data__user_agent", "connection_data__email",
)  # fmt: skip
_Row = dict[str, Any]


@dataclass
class OutcomeCounts:
    """How many comments were found, and how many of these a person had approved: false positives."""

    found: int = 0
    approved: int = 0


@dataclass(frozen=True)
class Found:
    """A comment that was found, with its present status and the patterns that it matches."""

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
    """The result of a backtest.

    `since` is the beginning of the period, `reached` the time of the oldest comment that was searched. `stopped` is
    `time` or `number` if a limit ended it early. `each` holds every pattern with its counts, in the order given.
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
    entries: Sequence[FilterEntry],
    rows: CommentQuerySet,
    *,
    days: int = DAYS,
    most: int = MOST,
    seconds: float = SECONDS,
) -> Backtest:
    """Run entries, stored or not, in force or not, over those of `rows` that readers posted in the last `days`.

    Newest comments first. If all entries have the same scope, only comments in that scope are searched. The newsroom's
    own comments are left out, since they are never screened. One query, and two for every AT_ONCE comments. Raises
    TooManyPatterns for more regular expressions than can be in force together.
    """
    until = time.monotonic() + seconds
    result = Backtest(days, timezone.now() - dt.timedelta(days=days))
    result.each = [(entry.pattern, OutcomeCounts()) for entry in entries]
    compiled = CompiledEntries(_numbered(entries))
    patterns.check_room([entry.regex for entry in compiled.regexes])
    ids = list(_within(rows, entries, result.since).values_list("pk", flat=True)[: most + 1])
    if len(ids) > most:
        result.stopped = "number"
    for start in range(0, min(len(ids), most), AT_ONCE):
        if not _search(ids[start : min(start + AT_ONCE, most)], compiled, result, until):
            result.stopped = "time"
            break
    return result


def _numbered(entries: Iterable[FilterEntry]) -> list[FilterEntry]:
    """Return copies of the entries without an end, with their places as ids: entries may not be stored yet."""
    return [
        FilterEntry(
            pk=place,
            pattern=entry.pattern,
            match=entry.match,
            action=entry.action,
            section_id=entry.section_id,
            article_id=entry.article_id,
        )
        for place, entry in enumerate(entries)
    ]


def _within(rows: CommentQuerySet, entries: Sequence[FilterEntry], since: dt.datetime) -> CommentQuerySet:
    rows = rows.filter(created_at__gte=since, by_staff=False).order_by("-created_at", "-pk")
    scopes = {(entry.section_id, entry.article_id) for entry in entries}
    section, article = scopes.pop() if len(scopes) == 1 else (None, None)
    if article is not None:
        return rows.filter(article=article)
    return rows.filter(article__section=section) if section is not None else rows


def _search(ids: list[int], compiled: CompiledEntries, result: Backtest, until: float) -> bool:
    """Search these comments and count what is found. False if time ran out before the last of them."""
    found: list[tuple[_Row, list[CompiledEntry]]] = []
    rows = list(Comment.objects.filter(pk__in=ids).order_by("-created_at", "-pk").values(*_FIELDS))
    in_time = True
    for row in rows:
        in_time = time.monotonic() < until
        if not in_time:
            break
        result.looked_at, result.reached = result.looked_at + 1, row["created_at"]
        entries = found_anywhere(_draft(row), compiled)
        if in_scope := [entry for entry in entries if entry.counts_in(row["article"], row["article__section"])]:
            found.append((row, in_scope))
    approved = _approved_by_person([row["pk"] for row, _ in found])
    for row, in_scope in found:
        _count(row, in_scope, result, is_false=row["pk"] in approved)
    return in_time


def _draft(row: _Row) -> Draft:
    """Return a stored comment as the draft that would be screened if it came in now."""
    # A member's email address is not screened when they post.
    email = "" if row["identity"] else row["connection_data__email"] or ""
    visit = Visit(address=row["connection_data__address"] or "", user_agent=row["connection_data__user_agent"] or "")
    author = Author(row["name"], email, row["website"])
    return Draft(row["article"], row["body"], author, visit=visit, html=row["html"])


def _approved_by_person(ids: list[int]) -> set[int]:
    """Return which of these are approved now and were approved by a person, whose account may be deleted since."""
    if not ids:
        return set()
    approvals = Decision.objects.filter(comment__in=ids, comment__status=Comment.Status.APPROVED, source="")
    return set(approvals.filter(after=Comment.Status.APPROVED).values_list("comment_id", flat=True))


def _count(row: _Row, entries: list[CompiledEntry], result: Backtest, *, is_false: bool) -> None:
    for counts in (result.total, *(result.each[entry.pk][1] for entry in entries)):
        counts.found += 1
        counts.approved += is_false
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
