"""Commands that must not run twice at once on one site, on whichever hosts. The lock ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection


class AlreadyRunning(Exception):
    """Another process holds the lock."""


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold the lock of this name. Raises AlreadyRunning at once if another process holds it.

    PostgreSQL: in a transaction of its own, which works through a pooler, too. SQLite: a file beside the database.
    """
    if connection.vendor == "postgresql":
        with _in_postgresql(name):
            yield
    elif Path(database := str(connection.settings_dict["NAME"])).is_file():
        with _beside(Path(f"{database}.{name}-lock")):
            yield
    else:  # A database in memory has no other process.
        yield


@contextmanager
def _in_postgresql(name: str) -> Iterator[None]:
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            # It waits in a transaction on purpose. Without a snapshot it keeps no row from being cleaned up.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"newsreader.{name}"])
            if not cursor.fetchone()[0]:
                raise AlreadyRunning
        yield
    finally:
        own.close()


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning from None
        yield
    finally:
        os.close(handle)
