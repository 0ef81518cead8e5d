"""How long this thread's connection waits for a lock that somebody else holds; `settings.WAIT` unless said here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import Error, connection


@contextmanager
def lock_wait(seconds: float) -> Iterator[None]:
    """Wait at most so long for each lock meanwhile. Raises Django's Error where there is no database."""
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
