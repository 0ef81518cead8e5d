"""Writing much while others write: in short transactions, with a gap after each on SQLite, which has no queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

# Seconds. Whoever waits for SQLite looks again after at most 0.1 s, so each of them gets a chance in every gap.
# Source: `sqliteDefaultBusyCallback` in SQLite's main.c
GAP = 0.12


AT_ONCE = 500  # rows in one transaction


def delete_some(rows: QuerySet[Any], until: float, writes: ShortTransactions | None = None) -> int:
    """Delete these rows in short transactions, until that time by the monotonic clock. Returns how many."""
    writes, deleted = writes or ShortTransactions(), 0
    while time.monotonic() < until and (keys := list(rows.values_list("pk", flat=True)[:AT_ONCE])):
        with writes.next():
            deleted += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return deleted


def update_some(rows: QuerySet[Any], until: float, **values: Any) -> int:
    """Give these rows such values, with which they are none of them any more, as `delete_some` deletes them."""
    writes, done = ShortTransactions(), 0
    while time.monotonic() < until and (keys := list(rows.values_list("pk", flat=True)[:AT_ONCE])):
        with writes.next():
            done += rows.model._default_manager.filter(pk__in=keys).update(**values)
    return done


class ShortTransactions:
    """The transactions of one long command. What is prepared between two of them is part of the gap."""

    def __init__(self) -> None:
        self._ended: float | None = None

    @contextmanager
    def next(self) -> Iterator[None]:
        """Begin a transaction, at the earliest a gap after the last one ended."""
        if self._ended is not None and connection.vendor == "sqlite" and not connection.in_atomic_block:
            time.sleep(max(0.0, self._ended + GAP - time.monotonic()))
        with transaction.atomic():
            yield
        self._ended = time.monotonic()
