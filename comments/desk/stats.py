"""The desk's statistics: what waits, how fast and by whom it is decided, and why. Bounded, however much is stored."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import Count, F, Min, Q, TextField
from django.db.models.functions import Cast, TruncHour
from django.utils import timezone

from articles.models.article import Article
from comments.audit.reason_texts import kind_of
from comments.models import Appeal, Comment, Decision
from comments.models.querysets import CommentQuerySet
from comments.screening.ban_checks import SOURCE

HOURS, DAYS, APPEALS = 48, 7, 90  # hours of the chart; days of the tables; days of appeals
SAMPLE = 2_000  # the newest decisions, for how long they took
MOST = 10  # rows of a table
KINDS = 5_000  # of lists of reasons, with their parameters, that are looked at
LEAST, LAST = 5, 200  # decisions that tell what is usual: at least, and how many of the newest


@dataclass(frozen=True)
class Hour:
    """One hour's decisions, by people and by rules."""

    at: dt.datetime
    people: int
    rules: int


@dataclass(frozen=True)
class DeskStats:
    """What the statistics page shows; times in seconds."""

    waiting: int
    oldest: dt.datetime | None
    hours: list[Hour]
    median_seconds: float | None
    slowest_tenth: float | None  # 90 % were decided faster
    reasons: list[tuple[str, int]]
    moderators: list[tuple[str, int]]
    articles: list[tuple[str, str, int]]  # headline, address, comments
    appeals_settled: int
    appeals_granted: int

    @property
    def oldest_seconds(self) -> float | None:
        """Return for how long the oldest has waited; None where nothing waits."""
        return (timezone.now() - self.oldest).total_seconds() if self.oldest else None

    @property
    def overturned(self) -> int | None:
        """Return the percentage of appeals that were granted."""
        return round(100 * self.appeals_granted / self.appeals_settled) if self.appeals_settled else None


def desk_stats(rows: CommentQuerySet) -> DeskStats:
    """Return the statistics of these comments, which a moderator may decide about. Nine queries."""
    now = timezone.now()
    since = now - dt.timedelta(days=DAYS)
    waiting = rows.waiting().aggregate(size=Count("pk"), oldest=Min("created_at"))
    decided, appealed = rows.narrow(Decision.objects.all()), rows.narrow(Appeal.objects.all())
    recent = decided.filter(created_at__gte=since)
    took = _took(recent)
    appeals = appealed.filter(settled_at__gte=now - dt.timedelta(days=APPEALS)).aggregate(
        settled=Count("pk"), granted=Count("pk", filter=Q(outcome=Appeal.Outcome.GRANTED))
    )
    return DeskStats(
        waiting=waiting["size"],
        oldest=waiting["oldest"],
        hours=_hours(decided, now),
        median_seconds=median(took) if took else None,
        slowest_tenth=sorted(took)[len(took) * 9 // 10] if took else None,
        reasons=_reasons(recent),
        moderators=_moderators(recent),
        articles=_articles(rows, since),
        appeals_settled=appeals["settled"],
        appeals_granted=appeals["granted"],
    )


def _hours(decided: Any, now: dt.datetime) -> list[Hour]:
    """Return every hour of the last two days, including those without a decision."""
    first = timezone.localtime(now).replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=HOURS - 1)
    counts = (
        decided.filter(created_at__gte=first)
        .annotate(hour=TruncHour("created_at", tzinfo=dt.UTC))
        .values("hour")
        .annotate(people=Count("pk", filter=Q(source="")), rules=Count("pk", filter=~Q(source="")))
        .order_by("hour")
    )
    found = {row["hour"]: row for row in counts}
    nothing = {"people": 0, "rules": 0}
    hours = [first.astimezone(dt.UTC).replace(minute=0) + dt.timedelta(hours=at) for at in range(HOURS)]
    return [Hour(at, (row := found.get(at, nothing))["people"], row["rules"]) for at in hours]


def _took(recent: Any, most: int = SAMPLE) -> list[float]:
    """Return how long the newest comments decided by a person had waited."""
    rows = recent.filter(source="", before=Comment.Status.PENDING).order_by("-created_at")
    times = rows.values_list("created_at", "comment__created_at")[:most]
    return [max((decided - left).total_seconds(), 0) for decided, left in times]


def usual_wait() -> float | None:
    """Return the median seconds of people's last decisions in seven days; None where there are fewer than five."""
    took = _took(Decision.objects.filter(created_at__gte=timezone.now() - dt.timedelta(days=DAYS)), LAST)
    return median(took) if len(took) >= LEAST else None


def _midnight() -> dt.datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def trashed_today(**theirs: Any) -> int:
    """Return how many comments a ban has put into the trash since midnight; `theirs` says whose. One query."""
    rows = Decision.objects.filter(created_at__gte=_midnight(), source=SOURCE, after=Comment.Status.TRASH)
    return rows.filter(**theirs).count()


def given_today(code: str) -> int:
    """Return how often people have given this reason since midnight. One query."""
    return Decision.objects.filter(created_at__gte=_midnight(), source="", reasons__0__code=code).count()


def rules_today() -> Counter[str]:
    """Return how many comments rules have held or refused since midnight, by the codes of their reasons. One query."""
    rows = (
        Decision.objects.filter(created_at__gte=_midnight()).exclude(source="").exclude(after=Comment.Status.APPROVED)
    )
    as_text = rows.annotate(given=Cast("reasons", TextField())).values_list("given").order_by("given")
    found: Counter[str] = Counter()
    for given, size in as_text.annotate(size=Count("pk"))[:KINDS]:
        for code in {reason["code"] for reason in json.loads(given)}:
            found[code] += size
    return found


def _reasons(recent: Any) -> list[tuple[str, int]]:
    rows = recent.exclude(reasons=[]).values_list("reasons__0__code").annotate(size=Count("pk")).order_by("-size")
    named: Counter[str] = Counter()
    for code, size in rows[: 3 * MOST]:
        named[kind_of(str(code or "").strip('"'))] += size
    return named.most_common(MOST)


def _moderators(recent: Any) -> list[tuple[str, int]]:
    rows = recent.filter(source="", by__isnull=False).values("by__name", "by__username")
    counted = rows.annotate(size=Count("pk")).order_by("-size")[:MOST]
    return [(row["by__name"] or row["by__username"], row["size"]) for row in counted]


def _articles(rows: CommentQuerySet, since: dt.datetime) -> list[tuple[str, str, int]]:
    # Grouping by an expression keeps SQLite from scanning the whole archive in the order of an index on articles.
    recent = rows.filter(created_at__gte=since).order_by().annotate(under=F("article_id") + 0)
    sizes = dict(recent.values_list("under").annotate(size=Count("pk")).order_by("-size", "under")[:MOST])
    headlines = dict(Article.objects.filter(pk__in=sizes).values_list("pk", "headline"))
    return [(headlines[pk], f"?status=all&article={pk}", size) for pk, size in sizes.items() if pk in headlines]
