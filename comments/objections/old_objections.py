"""Reports and appeals lose who made them, and their words, some months after they were settled.

What was reported or appealed against, for which reason, the outcome, when and by whom it was decided stays: the history
of a comment and the numbers of the transparency page are made of that. What is open keeps all, however old it is. An
objection or an appeal against the outcome ends with it, so it is kept for longer than the six months that the law gives
people for that (Regulation (EU) 2022/2065, article 20, 1). The hash by which each appeals only once against a ban stays
as long as the ban.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import TypeVar

from django.db.models import QuerySet

from comments.models import Appeal, BanAppeal, Report
from comments.moderation.erasing import empty_reports
from newsreader.kit.long_writes import AT_ONCE, ShortTransactions

Row = TypeVar("Row", Report, Appeal, BanAppeal)
GONE = ""  # the token of a report that was emptied; no page has it


def empty_old_reports(before: dt.datetime, until: float) -> int:
    """Erase who made reports that were settled before then. `until`: by the monotonic clock. Returns how many."""
    writes, done = ShortTransactions(), 0
    for some in _pieces(Report.objects.exclude(outcome=Report.Outcome.OPEN).exclude(token=GONE), before, until):
        with writes.next():
            # Not one that an objection has opened again meanwhile.
            rows = Report.objects.select_for_update().filter(pk__in=[row.pk for row in some])
            settled = list(rows.exclude(outcome=Report.Outcome.OPEN))
            empty_reports(settled, token=GONE)
        done += len(settled)
    return done


def empty_old_appeals(before: dt.datetime, until: float) -> int:
    """Erase the words of appeals, against decisions and bans, that were settled before then. Returns how many."""
    writes, done = ShortTransactions(), 0
    for appeals in _pieces(Appeal.objects.exclude(outcome=Appeal.Outcome.OPEN).exclude(text=""), before, until):
        with writes.next():
            # Undoing a decision opens its appeal again; then it has its words to the end.
            rows = Appeal.objects.filter(pk__in=[row.pk for row in appeals])
            done += rows.exclude(outcome=Appeal.Outcome.OPEN).update(text="")
    # Whether it is open never changes back, and one without words has a page all the same.
    bans = BanAppeal.objects.exclude(outcome=BanAppeal.Outcome.OPEN).exclude(text="", token="")
    for of_bans in _pieces(bans, before, until):
        with writes.next():
            done += BanAppeal.objects.filter(pk__in=[row.pk for row in of_bans]).update(text="", token="")
    return done


def _pieces(rows: QuerySet[Row], before: dt.datetime, until: float) -> Iterator[list[Row]]:
    """Yield what was settled before then, the oldest first, some at a time; none is passed twice."""
    last: Row | None = None
    while time.monotonic() < until:
        rest = rows.filter(settled_at__lt=before).order_by("settled_at", "pk")
        if last is not None:
            rest = rest.filter(settled_at__gte=last.settled_at)
        some = list(rest.only("settled_at")[:AT_ONCE])
        if not some:
            return
        yield some
        last = some[-1]
