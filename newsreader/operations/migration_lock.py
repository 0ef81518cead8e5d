"""One `migrate` at a time: the second host waits, and then finds nothing to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

from newsreader.kit.one_at_a_time import attempts

NAME = "migrate"
LIMIT = 1800.0  # seconds to wait; a migration of a large site takes minutes
AGAIN = 1.0  # seconds between two attempts
_held: set[str] = set()


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, say: Callable[[str], Any], limit: float = LIMIT) -> Iterator[None]:
    """Hold the lock of this database; who holds it already goes on. Raises CommandError after `limit` seconds."""
    database = str(connection.settings_dict["NAME"])
    if database in _held:
        yield
        return
    with attempts(NAME, connection) as take:
        _wait(take, say, limit)
        _held.add(database)
        try:
            yield
        finally:
            _held.discard(database)


def _wait(take: Callable[[], bool], say: Callable[[str], Any], limit: float) -> None:
    until = time.monotonic() + limit
    if take():
        return
    say("Another process is migrating this database. Waiting until it is done …")
    while not take():
        if time.monotonic() > until:
            raise CommandError(
                f"Another process has been migrating this database for {limit:.0f} s. See what it does; if it hangs, "
                "end it and run this again.",
                returncode=1,
            )
        time.sleep(AGAIN)
