"""Moderation by month, in public numbers. Counts only: no names, no addresses, no texts.

The worker counts a past month once, and the current one about every hour; pages show what was counted.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Mod
from django.utils import timezone

from articles import page_versions
from comments.audit.reason_codes import UNDONE, WITHDRAWN
from comments.models import Appeal, Ban, BanAppeal, Comment, Decision, MonthlyStats, RefusalReason, Report
from comments.moderation.resolution import REMOVED

MONTHS = 36  # how far back the first count goes
SAMPLE = 20_000  # up to so many, a median is exact
FRESH = dt.timedelta(minutes=55)  # The job runs every hour, so the current month's numbers are never two hours old.
Numbers = dict[str, Any]
# Cast to text: SQLite compares a value from JSON as JSON.
CODE = Cast(KT("reasons__0__code"), CharField())
OTHER, NONE = "other", "none"  # stand for a reason that is not on the list, and for none


def monthly_stats(month: dt.date) -> Numbers:
    """Count a month, given by any of its days, in the site's time zone. Times are whole seconds, None without any.

    Costs one index scan over the month's decisions, and no more Python rows than there are kinds of decisions.
    """
    start, end = _span(month)
    return {
        "comments": {"received": _received(start, end)},
        "decisions": _decided(start, end),
        "waiting": _waiting(start, end),
        "reports": _reports(start, end, ~Q(reason=Report.Reason.ILLEGAL)),
        "notices": _reports(start, end, Q(reason=Report.Reason.ILLEGAL)),
        "objections": _objections(start, end),
        "appeals": _appeals(start, end),
        "bans": _bans(start, end),
        "ban_appeals": _ban_appeals(start, end),
    }


def _span(month: dt.date) -> tuple[dt.datetime, dt.datetime]:
    first = month.replace(day=1)
    return _midnight(first), _midnight(next_month(first))


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def next_month(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _received(start: dt.datetime, end: dt.datetime) -> int:
    """Count the comments that came in, without imports."""
    return Comment.objects.filter(created_at__gte=start, created_at__lt=end).exclude(channel="import").count()


# --- Decisions ----------------------------------------------------------------------------------------------------


def _decided(start: dt.datetime, end: dt.datetime) -> Numbers:
    """Count decisions by rules and by people, each by status and by reason."""
    rows = Decision.objects.filter(created_at__gte=start, created_at__lt=end).exclude(source="import")
    rows = rows.exclude(before=F("after")).order_by()  # A rule's new reasons (`note_reasons`) change no status.
    kinds = rows.annotate(code=CODE).values_list("source", "after", "code").annotate(size=Count("pk"))
    automatic, people = _Side(), _Side(set(RefusalReason.objects.values_list("code", flat=True)))
    withdrawn = undone = 0
    for source, after, code, size in kinds:
        if source:
            automatic.add(after, code, size)
        elif code == WITHDRAWN:
            withdrawn += size
        elif code == UNDONE:
            undone += size
        else:
            people.add(after, code, size)
    return {
        "automatic": automatic.numbers(),
        "people": people.numbers(),
        "automatic_percent": _percent(automatic.final, people.final),
        "withdrawn_by_authors": withdrawn,
        "undone": undone,
    }


class _Side:
    """What rules decided, or what people decided. Of people's reasons, only those on the list are named."""

    def __init__(self, known: set[str] | None = None):
        self._known = known
        self._statuses: Counter[str] = Counter(dict.fromkeys(Comment.Status.values, 0))
        self._refused: Counter[str] = Counter()
        self._held: Counter[str] = Counter()

    def add(self, after: str, code: str | None, size: int) -> None:
        self._statuses[after] += size
        if after in REMOVED:
            self._refused[self._named(code)] += size
        elif after == Comment.Status.PENDING:
            self._held[self._named(code)] += size

    def _named(self, code: str | None) -> str:
        if not code:
            return NONE
        return code if self._known is None or code in self._known else OTHER

    @property
    def final(self) -> int:
        """Return how many decisions were not left for somebody else."""
        return self._statuses.total() - self._statuses[Comment.Status.PENDING]

    def numbers(self) -> Numbers:
        return {
            "by_status": dict(self._statuses),
            "refused_by_reason": dict(sorted(self._refused.items())),
            "held_by_reason": dict(sorted(self._held.items())),
        }


def _percent(part: int, rest: int) -> float | None:
    return round(100 * part / (part + rest), 1) if part + rest else None


def _waiting(start: dt.datetime, end: dt.datetime) -> Numbers:
    """Count the comments that a person decided about for the first time in this month, and how long they had waited."""
    earlier = Decision.objects.filter(comment=OuterRef("comment"), source="", number__lt=OuterRef("number"))
    rows = Decision.objects.filter(created_at__gte=start, created_at__lt=end, source="", before=Comment.Status.PENDING)
    rows = rows.annotate(code=CODE).filter(Q(code=None) | ~Q(code__in=[WITHDRAWN, UNDONE]))
    rows = rows.exclude(comment__channel="import")
    # Only the decision at posting comes before number 2, so most comments need no look at earlier decisions.
    return _timed(rows.filter(Q(number=2) | ~Exists(earlier)), "comment__created_at", "created_at")


def _timed(rows: QuerySet[Any], begin: str, end: str) -> Numbers:
    """Return how many there are, and the median time; of very many, the median of an even sample of their comments."""
    size = measured = rows.count()
    if size > SAMPLE:
        rows = rows.annotate(place=Mod("comment_id", size // SAMPLE + 1)).filter(place=0)
        measured = rows.count()
    lasting = rows.annotate(lasted=F(end) - F(begin)).order_by("lasted").values_list(begin, end)
    middle = list(lasting[(measured - 1) // 2 : measured // 2 + 1]) if measured else []
    seconds = [(end - begin).total_seconds() for begin, end in middle]
    return {"count": size, "median_seconds": round(sum(seconds) / len(seconds)) if seconds else None}


# --- Reports, appeals, bans ---------------------------------------------------------------------------------------


def _reports(start: dt.datetime, end: dt.datetime, which: Q) -> Numbers:
    """Count what readers reported in this month, and the outcomes of what was settled in it."""
    came = Report.objects.filter(which, created_at__gte=start, created_at__lt=end).order_by()
    settled = Report.objects.filter(which, settled_at__gte=start, settled_at__lt=end).order_by()
    outcomes: dict[str, Counter[str]] = {Report.Outcome.REMOVED.value: Counter(), Report.Outcome.KEPT.value: Counter()}
    for reason, outcome, size in settled.values_list("reason", "outcome").annotate(size=Count("pk")):
        outcomes[outcome][reason] += size
    received = dict(came.values_list("reason").annotate(size=Count("pk")))
    by_people = settled.exclude(decision_reason=WITHDRAWN)
    return {
        "received": sum(received.values()),
        "received_by_reason": dict(sorted(received.items())),
        **{name: sum(counts.values()) for name, counts in outcomes.items()},
        **{f"{name}_by_reason": dict(sorted(counts.items())) for name, counts in outcomes.items()},
        "median_seconds": _timed(by_people, "created_at", "settled_at")["median_seconds"],
    }


def _objections(start: dt.datetime, end: dt.datetime) -> Numbers:
    """Count the reporters' objections to comments that stayed, and the outcomes of those settled in this month."""
    came, settled = Q(objected_at__gte=start, objected_at__lt=end), Q(settled_at__gte=start, settled_at__lt=end)
    removed = settled & Q(outcome=Report.Outcome.REMOVED) & ~Q(decision_reason=WITHDRAWN)
    return Report.objects.filter(came | settled, objected_at__isnull=False).aggregate(
        received=Count("pk", filter=came),
        granted=Count("pk", filter=removed),
        rejected=Count("pk", filter=settled & Q(outcome=Report.Outcome.KEPT)),
    )


def _appeals(start: dt.datetime, end: dt.datetime) -> Numbers:
    settled = Appeal.objects.filter(settled_at__gte=start, settled_at__lt=end).order_by()
    outcomes = dict(settled.values_list("outcome").annotate(size=Count("pk")))
    by_people = settled.exclude(outcome=Appeal.Outcome.WITHDRAWN)
    return {
        "received": Appeal.objects.filter(created_at__gte=start, created_at__lt=end).count(),
        "granted": outcomes.get(Appeal.Outcome.GRANTED, 0),
        "rejected": outcomes.get(Appeal.Outcome.REJECTED, 0),
        "median_seconds": _timed(by_people, "created_at", "settled_at")["median_seconds"],
    }


def _bans(start: dt.datetime, end: dt.datetime) -> Numbers:
    made = Ban.objects.filter(created_at__gte=start, created_at__lt=end)
    return made.aggregate(
        accounts=Count("pk", filter=Q(identity__isnull=False)),
        emails=Count("pk", filter=~Q(email="")),
        networks=Count("pk", filter=~Q(network="")),
        with_end=Count("pk", filter=Q(ends_at__isnull=False)),
    ) | {"lifted": Ban.objects.filter(lifted_at__gte=start, lifted_at__lt=end).count()}


def _ban_appeals(start: dt.datetime, end: dt.datetime) -> Numbers:
    came, settled = Q(created_at__gte=start, created_at__lt=end), Q(settled_at__gte=start, settled_at__lt=end)
    return BanAppeal.objects.filter(came | settled).aggregate(
        received=Count("pk", filter=came),
        lifted=Count("pk", filter=settled & Q(outcome=BanAppeal.Outcome.LIFTED)),
        upheld=Count("pk", filter=settled & Q(outcome=BanAppeal.Outcome.UPHELD)),
    )


# --- Keeping what was counted -------------------------------------------------------------------------------------


def bring_up_to_date(now: dt.datetime | None = None) -> int:
    """Count every past month that was not counted since it ended, and the current one where its count is an hour old.

    Returns how many were counted. Safe to run in several workers at once.
    """
    now = now or timezone.now()
    made = dict(MonthlyStats.objects.values_list("month", "made_at"))
    due = [month for month in _months(now) if _is_due(month, made.get(month), now)]
    for month in due:
        numbers = monthly_stats(month)
        with transaction.atomic():
            MonthlyStats.objects.update_or_create(month=month, defaults={"numbers": numbers})
            page_versions.bump_lists()  # About once an hour, so a version of their own would not be worth it.
    return len(due)


def _months(now: dt.datetime) -> Iterator[dt.date]:
    """Yield the first day of each month since the first decision on this site."""
    first = Decision.objects.order_by("created_at").values_list("created_at", flat=True).first()
    if first is None:
        return
    current = timezone.localdate(now).replace(day=1)
    month = max(timezone.localdate(first).replace(day=1), _months_before(current, MONTHS - 1))
    while month <= current:
        yield month
        month = next_month(month)


def _months_before(month: dt.date, size: int) -> dt.date:
    years, months = divmod(month.year * 12 + month.month - 1 - size, 12)
    return month.replace(year=years, month=months + 1)


def _is_due(month: dt.date, made_at: dt.datetime | None, now: dt.datetime) -> bool:
    if made_at is None:
        return True
    over = _midnight(next_month(month))
    return made_at < over and (over <= now or now - made_at > FRESH)
