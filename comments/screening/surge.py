"""Discussions that get out of hand slow down automatically, and recover automatically.

Every half minute the worker counts the comments of the last ten minutes under each article, and how many of them were
refused, and compares both with the usual range there. Above it, people must pause between their comments at once; if
that does not help, every comment waits for an editor. Each step back takes ten quiet minutes.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import TruncMinute
from django.utils import timezone

from articles import page_versions
from articles.models.article import Article
from comments.audit import audit_log
from comments.audit.reason_codes import harmless
from comments.models import REMOVED, ArticleSettings, Comment, CommentSettings, Decision
from comments.models.locks import lock_articles
from comments.screening.article_settings import settings_row
from newsreader.kit.clock import is_ahead

Surge = ArticleSettings.Surge
WINDOW = dt.timedelta(minutes=10)
MEMORY = dt.timedelta(hours=24)  # The usual range is computed from so long before the window.
SPREAD = 3  # standard deviations above the mean that are still usual


@dataclass(frozen=True)
class WindowCounts:
    """How many comments came in within ten minutes, and how many of them were removed, or held for a bad sign."""

    comments: int = 0
    refusals: int = 0

    @property
    def mostly_refused(self) -> bool:
        return self.refusals * 2 > self.comments


@dataclass(frozen=True)
class UsualRange:
    """The most that is usual in ten minutes."""

    comments: float
    refusals: float

    def holds(self, counts: WindowCounts) -> bool:
        return counts.comments <= self.comments and counts.refusals <= self.refusals


@dataclass(frozen=True)
class Surging:
    """A discussion in a surge: `facts` hold the counts when that last changed, and the usual ones."""

    article: Article
    surge: int
    label: str
    since: dt.datetime
    facts: dict[str, Any]


def watch() -> int:
    """Check every discussion that is busy or in a surge. Returns how many changed.

    A job of the worker. Three queries, and two more if any is busy; safe to run in several workers at once.
    """
    now, settings = timezone.now(), CommentSettings.objects.current()
    slowed = {row.pk: row for row in ArticleSettings.objects.filter(surge__gt=Surge.NONE)}
    if not settings.surge_control:
        return sum(_move(row.pk, row.surge, Surge.NONE, now, row.surge_facts) for row in slowed.values())
    counted = _counted(now, settings, slowed)
    ranges = _usual_ranges(
        {pk for pk, counts in counted.items() if counts.comments >= settings.surge_from}, now, settings
    )
    changed = 0
    for pk, counts in counted.items():
        usual = ranges.get(pk) or usual_range([], settings.surge_from)
        row = slowed.get(pk) or ArticleSettings(pk)
        after = step(row.surge, row.surge_since, counts, usual, now)
        if after != row.surge:
            changed += _move(pk, row.surge, after, now, _facts(counts, usual))
    return changed


def surging() -> list[Surging]:
    """Return the discussions in a surge, those where everything waits first. For the desk; one query."""
    rows = ArticleSettings.objects.filter(surge__gt=Surge.NONE).select_related("article").defer("article__body")
    return [
        Surging(row.article, row.surge, row.get_surge_display(), row.surge_since or timezone.now(), row.surge_facts)
        for row in rows.order_by("-surge", "surge_since")
    ]


# --- The decision ------------------------------------------------------------------------------------------------


def step(surge: int, since: dt.datetime | None, counts: WindowCounts, usual: UsualRange, now: dt.datetime) -> int:
    """Return the next level for a discussion that has had the level `surge` since then. Pure.

    Up at once; further up after ten minutes, or at the next check if most comments are refused. Down one step if the
    last ten minutes were usual and the level has not changed in them.
    """
    age = now - since if since and not is_ahead(since, now) else dt.timedelta.max
    if usual.holds(counts):
        return max(surge - 1, Surge.NONE) if age >= WINDOW else surge
    if surge == Surge.NONE:
        return Surge.SLOW
    return Surge.HELD if age >= WINDOW or counts.mostly_refused else surge


def usual_range(windows: Sequence[WindowCounts], floor: int) -> UsualRange:
    """Return the usual range from earlier windows of ten minutes each; its limits are at least `floor - 1`."""
    comments = _limit([window.comments for window in windows])
    refusals = _limit([window.refusals for window in windows])
    return UsualRange(max(comments, floor - 1), max(refusals, floor - 1))


def _limit(counts: Sequence[int]) -> float:
    if not counts:
        return 0
    mean = sum(counts) / len(counts)
    # Random arrivals (Poisson) vary by the root of their mean: a few even windows do not prove less variation.
    spread = max(sum((count - mean) ** 2 for count in counts) / len(counts), mean)
    return mean + SPREAD * math.sqrt(spread)


# --- Counting -----------------------------------------------------------------------------------------------------


def _came_in() -> models.QuerySet[Comment]:
    """What readers posted: not imports."""
    return Comment.objects.exclude(channel=Comment.Channel.IMPORT).order_by()


def _sums() -> dict[str, Any]:
    # Comments held for harmless reasons (a new person, everything held) are no sign of trouble.
    at_posting = Decision.objects.filter(comment=OuterRef("pk"), number=1, after=Comment.Status.PENDING)
    held = Q(Exists(at_posting.exclude(reasons__0__code__in=harmless())), status=Comment.Status.PENDING)
    refused = Q(status__in=REMOVED) | held
    return {"comments": Count("pk"), "refusals": Count("pk", filter=refused)}


def _counted(
    now: dt.datetime, settings: CommentSettings, slowed: Mapping[int, ArticleSettings]
) -> dict[int, WindowCounts]:
    """Count the last ten minutes by article, where it may matter. An index finds just these rows."""
    recent = _came_in().filter(created_at__gt=now - WINDOW, created_at__lte=now)
    rows: Any = recent.values("article").annotate(**_sums())
    rows = rows.filter(Q(comments__gte=settings.surge_from) | Q(article__in=list(slowed)))
    found = {row["article"]: WindowCounts(row["comments"], row["refusals"]) for row in rows}
    return dict.fromkeys(slowed, WindowCounts()) | found


def _usual_ranges(article_ids: Iterable[int], now: dt.datetime, settings: CommentSettings) -> dict[int, UsualRange]:
    """Return the usual range of each of these articles. The database counts by the minute, over at most a day."""
    ids = sorted(article_ids)
    if not ids:
        return {}
    start = now - WINDOW
    before = _came_in().filter(article__in=ids, created_at__gt=start - MEMORY, created_at__lte=start)
    rows: Any = before.annotate(minute=TruncMinute("created_at")).values("article", "minute").annotate(**_sums())
    sums: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in rows:
        window = sums[row["article"]][int((start - row["minute"]) // WINDOW)]
        window[0] += row["comments"]
        window[1] += row["refusals"]
    public_since = dict(Article.objects.filter(pk__in=ids).values_list("pk", "published_at"))
    return {
        pk: usual_range(_day(sums[pk], _windows_since(public_since.get(pk), start)), settings.surge_from) for pk in ids
    }


def _windows_since(published_at: dt.datetime | None, start: dt.datetime) -> int:
    """Return how many whole windows of the last day the article has been public."""
    age = min(start - published_at, MEMORY) if published_at else MEMORY
    return max(int(age // WINDOW), 0)


def _day(sums: Mapping[int, Sequence[int]], windows: int) -> list[WindowCounts]:
    return [WindowCounts(*sums.get(place, (0, 0))) for place in range(windows)]


# --- Changing -----------------------------------------------------------------------------------------------------


def _facts(counts: WindowCounts, usual: UsualRange) -> dict[str, Any]:
    return {
        "comments": counts.comments,
        "refusals": counts.refusals,
        "usual_comments": round(usual.comments, 1),
        "usual_refusals": round(usual.refusals, 1),
    }


@transaction.atomic
def _move(article_id: int, before: int, after: int, now: dt.datetime, facts: dict[str, Any]) -> bool:
    """Change the level, under the article's lock, unless another worker has just done so."""
    lock_articles([article_id])
    row = settings_row(article_id)
    if row.surge != before:
        return False
    row.surge, row.surge_since, row.surge_facts = after, now, facts
    row.save()
    page_versions.bump([article_id])
    audit_log.note("surge", f"discussion:{article_id}", facts={"before": before, "after": int(after), **facts})
    return True
