"""What comments and reports say of where they came from: less of it as they get older, and in the end nothing.

First only the network is left of an IP address (/24 of IPv4, /64 of IPv6), later nothing, and no browser either. What
moderators see of an old comment is its network; a ban of many people's networks leaves such comments out, and similar
comments are looked for by network.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from comments.models import Comment, ConnectionData, Report
from newsreader.kit.client_address import cut
from newsreader.kit.long_writes import AT_ONCE, ShortTransactions, update_some

_WHOLE = Q(address__isnull=False, address_is_cut=False) | ~Q(user_agent="")  # what the index `trace_whole` has


class Walk:
    """Goes through what comments still say of where they came from, in the order of an index, some at a time.

    It goes on where it stopped in the turn before, in this process. Whoever asked for the oldest comments would pass
    all those again that are done with, each time: with a million of them, for seconds.
    """

    def __init__(self, rows: Callable[[], QuerySet[ConnectionData]], *order: str) -> None:
        self.rows, self.order = rows, (*order, "pk")
        self._at: tuple[Any, ...] | None = None

    def older(self, before: dt.datetime, until: float) -> Iterator[list[tuple[int, str | None]]]:
        """Yield ids and addresses of comments that were left before then, until that time by the monotonic clock."""
        from_the_start = self._at is None
        while time.monotonic() < until:
            some = list(self._next())
            if not some:
                if from_the_start:
                    return
                from_the_start = True
                continue
            pks = [pk for _, pk, *_ in some]
            old = set(Comment.objects.filter(pk__in=pks, created_at__lt=before).values_list("pk", flat=True))
            if found := [(pk, address) for address, pk, *_ in some if pk in old]:
                yield found
            self._at = some[-1][2:]

    def _next(self) -> QuerySet[ConnectionData, tuple[Any, ...]]:
        rows = self.rows()
        if self._at is not None:
            rows = rows.filter(_after(dict(zip(self.order, self._at, strict=True))))
        some = rows.order_by(*self.order).values_list("address", "pk", *self.order)[:AT_ONCE]
        if not some:
            self._at = None
        return some


def _after(last: dict[str, Any]) -> Q:
    """Return what comes after these values of one or two columns, in their order."""
    (first, value), *others = last.items()
    if not others:
        return Q(**{f"{first}__gt": value})
    # The first is said twice: it is what an index is searched by.
    return Q(**{f"{first}__gte": value}) & (Q(**{f"{first}__gt": value}) | _after(dict(others)))


# Each as its index has it: an index is only used where its condition stands.
_UNCUT = Walk(lambda: ConnectionData.objects.filter(_WHOLE, address__isnull=False, address_is_cut=False))
_ADDRESSED = Walk(lambda: ConnectionData.objects.filter(address__isnull=False), "address")
_NAMED = Walk(lambda: ConnectionData.objects.filter(_WHOLE, ~Q(user_agent="")))

# Each row has a value of its own, for which `bulk_update` took ten times as long.
_CUT = "UPDATE comments_connectiondata SET address = %s, address_is_cut = true WHERE comment_id = %s"


def cut_addresses(before: dt.datetime, until: float) -> int:
    """Cut the addresses of comments older than that. `until`: by the monotonic clock. Returns how many."""
    writes, done = ShortTransactions(), 0
    for some in _UNCUT.older(before, until):
        rows = [(cut(address or ""), pk) for pk, address in some]
        with writes.next(), connection.cursor() as cursor:
            cursor.executemany(_CUT, rows)  # What was erased meanwhile is left alone.
        done += len(rows)
    return done


def drop_addresses(before: dt.datetime, until: float) -> int:
    """Drop what is left of the addresses of comments older than that, and the networks of reports. Returns how many."""
    done = _change(_ADDRESSED, before, until, address=None, address_is_cut=False)
    reports = Report.objects.filter(created_at__lt=before).exclude(network="").exclude(outcome=Report.Outcome.OPEN)
    return done + update_some(reports, until, network="")


def drop_browsers(before: dt.datetime, until: float) -> int:
    """Drop the names of browsers of comments older than that. Returns how many."""
    return _change(_NAMED, before, until, user_agent="")


def _change(walk: Walk, before: dt.datetime, until: float, **values: Any) -> int:
    writes, done = ShortTransactions(), 0
    for some in walk.older(before, until):
        with writes.next():
            done += ConnectionData.objects.filter(pk__in=[pk for pk, _ in some]).update(**values)
    return done
