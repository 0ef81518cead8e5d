"""Commands that must not run twice at once on one site, on whichever hosts. The lock ends with its process.

PostgreSQL: an advisory lock of a transaction of its own, on a connection of its own: unlike a session's, it holds
through PgBouncer in transaction mode, too. The transaction has no snapshot, so neither VACUUM nor CREATE INDEX
CONCURRENTLY waits for it. SQLite: a file beside the database.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


class AlreadyRunning(Exception):
    """Another process holds the lock."""


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold the lock of this name. Raises AlreadyRunning at once if another process holds it."""
    with attempts(name, connection) as take:
        if not take():
            raise AlreadyRunning
        yield


@contextmanager
def attempts(name: str, database: BaseDatabaseWrapper) -> Iterator[Callable[[], bool]]:
    """Give what tries to take the lock of this name, and says whether it is ours. It is let go at the end."""
    if database.vendor == "postgresql":
        with _in_postgresql(name, database) as take:
            yield take
    elif ":memory:" in (file := str(database.settings_dict["NAME"])) or "mode=memory" in file:
        yield lambda: True  # No other process has this database.
    else:
        with _beside(Path(f"{file}.{name}-lock")) as take:
            yield take


@contextmanager
def _in_postgresql(name: str, database: BaseDatabaseWrapper) -> Iterator[Callable[[], bool]]:
    own = database.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

            def take() -> bool:
                cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"newsreader.{name}"])
                return bool(cursor.fetchone()[0])

            yield take
    finally:
        own.close()


@contextmanager
def _beside(path: Path) -> Iterator[Callable[[], bool]]:
    """The file stays there: were it removed, two processes could lock two files of one name."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

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
