"""One `migrate` at a time: the second host waits, and then finds nothing to do.

The lock ends with the process that holds it, however that ends. On PostgreSQL it is an advisory lock of a transaction
of its own, on a connection of its own: unlike a session's, it holds through PgBouncer in transaction mode too. The
transaction has no snapshot, so neither VACUUM nor CREATE INDEX CONCURRENTLY waits for it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

KEY = 0x6E657773  # "news"; of this database alone
LIMIT = 1800.0  # seconds to wait; a migration of a large site takes minutes
AGAIN = 1.0  # seconds between two attempts
_held: set[str] = set()


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, say: Callable[[str], Any], limit: float = LIMIT) -> Iterator[None]:
    """Hold the lock of this database; who holds it already goes on. Raises CommandError after `limit` seconds."""
    name = str(connection.settings_dict["NAME"])
    if name in _held or ":memory:" in name or connection.vendor not in {"sqlite", "postgresql"}:
        yield
        return
    with _on_postgresql(connection) if connection.vendor == "postgresql" else _on_sqlite(name) as take:
        _wait(take, say, limit)
        _held.add(name)
        try:
            yield
        finally:
            _held.discard(name)


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


@contextmanager
def _on_postgresql(connection: BaseDatabaseWrapper) -> Iterator[Callable[[], bool]]:
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

            def take() -> bool:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [KEY])
                return bool(cursor.fetchone()[0])

            yield take
    finally:
        own.close()


@contextmanager
def _on_sqlite(name: str) -> Iterator[Callable[[], bool]]:
    """A file beside the database. It stays there: were it removed, two processes could lock two files of one name."""
    descriptor = os.open(f"{name}.migrate-lock", os.O_RDWR | os.O_CREAT, 0o600)

    def take() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        yield take
    finally:
        os.close(descriptor)
