"""A discussion that gets out of hand slows down by itself, and relaxes by itself.

Every half minute the worker counts what came in under each article in the last ten minutes, and what of it was
refused, and compares both with what is usual there. Outside of that, a pause between the comments of one person begins
at once; where that does not help, everything waits for an editor. Each step back takes ten quiet minutes.
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

Surge = ArticleSettings.Surge
WINDOW = dt.timedelta(minutes=10)
MEMORY = dt.timedelta(hours=24)  # What is usual is what was so for so long before the window.
SPREAD = 3  # standard deviations around the mean that are usual still


@dataclass(frozen=True)
class WindowCounts:
    """What came in within ten minutes, and how much of it was removed by anybody or held by the rules."""

    comments: int = 0
    refusals: int = 0

    @property
    def mostly_refused(self) -> bool:
        return self.refusals * 2 > self.comments


@dataclass(frozen=True)
class UsualRange:
    """Up to how much is usual in ten minutes."""

    comments: float
    refusals: float

    def holds(self, tally: WindowCounts) -> bool:
        return tally.comments <= self.comments and tally.refusals <= self.refusals


@dataclass(frozen=True)
class Surging:
    """A discussion that is slowed down: `facts` hold what was counted when that last changed, and what is usual."""

    article: Article
    surge: int
    label: str
    since: dt.datetime
    facts: dict[str, Any]


def watch() -> int:
    """Look at every discussion where much came in of late or that is slowed down. Returns how many changed.

    The worker's job. Three queries, and two more where much came in; safe to run in several workers at once.
    """
    now, rules = timezone.now(), CommentSettings.objects.current()
    slowed = {row.pk: row for row in ArticleSettings.objects.filter(surge__gt=Surge.NONE)}
    if not rules.surge_control:
        return sum(_move(row.pk, row.surge, Surge.NONE, now, row.surge_facts) for row in slowed.values())
    tallies = _tallied(now, rules, slowed)
    bands = _bands({pk for pk, tally in tallies.items() if tally.comments >= rules.surge_from}, now, rules)
    changed = 0
    for pk, tally in tallies.items():
        band = bands.get(pk) or band_of([], rules.surge_from)
        row = slowed.get(pk) or ArticleSettings(pk)
        after = step(row.surge, row.surge_since, tally, band, now)
        if after != row.surge:
            changed += _move(pk, row.surge, after, now, _facts(tally, band))
    return changed


def surging() -> list[Surging]:
    """Return the discussions that are slowed down, those first where everything waits. For the desk; one query."""
    rows = ArticleSettings.objects.filter(surge__gt=Surge.NONE).select_related("article").defer("article__body")
    return [
        Surging(row.article, row.surge, row.get_surge_display(), row.surge_since or timezone.now(), row.surge_facts)
        for row in rows.order_by("-surge", "surge_since")
    ]


# --- The rule -----------------------------------------------------------------------------------------------------


def step(surge: int, since: dt.datetime | None, tally: WindowCounts, band: UsualRange, now: dt.datetime) -> int:
    """Return what follows for a discussion that has been so since then. Pure.

    Up at once, and further after ten minutes, or at the next look where most is refused; back one step where the last
    ten minutes were usual and nothing has changed in them.
    """
    age = now - since if since else dt.timedelta.max
    if band.holds(tally):
        return max(surge - 1, Surge.NONE) if age >= WINDOW else surge
    if surge == Surge.NONE:
        return Surge.SLOW
    return Surge.HELD if age >= WINDOW or tally.mostly_refused else surge


def band_of(windows: Sequence[WindowCounts], floor: int) -> UsualRange:
    """Return what is usual where so much came in before, ten minutes each; never less than just below `floor`."""
    comments = _limit([window.comments for window in windows])
    refusals = _limit([window.refusals for window in windows])
    return UsualRange(max(comments, floor - 1), max(refusals, floor - 1))


def _limit(counts: Sequence[int]) -> float:
    if not counts:
        return 0
    mean = sum(counts) / len(counts)
    # People who come by chance spread by the root of their mean: a few even windows do not promise less.
    spread = max(sum((count - mean) ** 2 for count in counts) / len(counts), mean)
    return mean + SPREAD * math.sqrt(spread)


# --- Counting -----------------------------------------------------------------------------------------------------


def _came_in() -> models.QuerySet[Comment]:
    """What readers left; an import is none of it."""
    return Comment.objects.exclude(channel=Comment.Channel.IMPORT).order_by()


def _sums() -> dict[str, Any]:
    # Being new, and the holding of everything, are no sign of trouble.
    objected = Decision.objects.filter(comment=OuterRef("pk"), number=1, after=Comment.Status.PENDING)
    held = Q(Exists(objected.exclude(reasons__0__code__in=harmless())), status=Comment.Status.PENDING)
    refused = Q(status__in=REMOVED) | held
    return {"comments": Count("pk"), "refusals": Count("pk", filter=refused)}


def _tallied(
    now: dt.datetime, rules: CommentSettings, slowed: Mapping[int, ArticleSettings]
) -> dict[int, WindowCounts]:
    """Count the last ten minutes where it may matter, by article: an index gives these rows alone."""
    recent = _came_in().filter(created_at__gt=now - WINDOW, created_at__lte=now)
    rows: Any = recent.values("article").annotate(**_sums())
    rows = rows.filter(Q(comments__gte=rules.surge_from) | Q(article__in=list(slowed)))
    found = {row["article"]: WindowCounts(row["comments"], row["refusals"]) for row in rows}
    return dict.fromkeys(slowed, WindowCounts()) | found


def _bands(article_ids: Iterable[int], now: dt.datetime, rules: CommentSettings) -> dict[int, UsualRange]:
    """Return what is usual under each of these. The database counts by the minute, at most a day's of them each."""
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
    return {pk: band_of(_day(sums[pk], _windows_since(public_since.get(pk), start)), rules.surge_from) for pk in ids}


def _windows_since(published_at: dt.datetime | None, start: dt.datetime) -> int:
    """Return how many whole windows of the day before an article was public in."""
    age = min(start - published_at, MEMORY) if published_at else MEMORY
    return max(int(age // WINDOW), 0)


def _day(sums: Mapping[int, Sequence[int]], windows: int) -> list[WindowCounts]:
    return [WindowCounts(*sums.get(place, (0, 0))) for place in range(windows)]


# --- Changing -----------------------------------------------------------------------------------------------------


def _facts(tally: WindowCounts, band: UsualRange) -> dict[str, Any]:
    return {
        "comments": tally.comments,
        "refusals": tally.refusals,
        "usual_comments": round(band.comments, 1),
        "usual_refusals": round(band.refusals, 1),
    }


@transaction.atomic
def _move(article_id: int, before: int, after: int, now: dt.datetime, facts: dict[str, Any]) -> bool:
    """Take a step, behind the article's lock, unless another worker has taken it a moment ago."""
    lock_articles([article_id])
    row = settings_row(article_id)
    if row.surge != before:
        return False
    row.surge, row.surge_since, row.surge_facts = after, now, facts
    row.save()
    page_versions.bump([article_id])
    audit_log.note("surge", f"discussion:{article_id}", facts={"before": before, "after": int(after), **facts})
    return True
