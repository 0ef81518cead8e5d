"""How long a connection waits: for a lock that somebody else holds, and for a server that says nothing at all."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import Error, connection
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def lock_wait(seconds: float) -> Iterator[None]:
    """Wait at most so long for each lock meanwhile, and `settings.WAIT` from then on.

    Raises Django's Error where there is no database. Behind a pooler the usual wait stays: what is set there may hold
    for the next client.
    """
    if settings.POOLED:
        yield
        return
    _set(seconds)
    try:
        yield
    finally:
        if connection.connection is not None:  # The next connection has the usual wait.
            with suppress(Error):
                _set(settings.WAIT)


def _set(seconds: float) -> None:
    milliseconds = max(1, int(seconds * 1000))  # For PostgreSQL, 0 is for ever.
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}" if is_sqlite else f"SET lock_timeout = {milliseconds}")


def hang_up(waiting: BaseDatabaseWrapper) -> None:
    """End another thread's connection to PostgreSQL, so that its question fails at once.

    The server ends what takes too long, but one that hangs ends nothing.
    """
    if waiting.vendor == "postgresql" and waiting.connection is not None:
        # The driver has errors of its own, where the connection is lost already.
        with (
            suppress(Error, OSError),
            waiting.wrap_database_errors,
            socket.socket(fileno=os.dup(waiting.connection.fileno())) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)
