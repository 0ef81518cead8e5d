"""Django's database backend for PostgreSQL, with what costs less where connections are kept (`base`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def prepared_cursor(connection: BaseDatabaseWrapper) -> Any:
    """Return a cursor for a statement whose text is always the same, so that a server parses and plans it once.

    SQLite's driver keeps its statements anyway.
    """
    if connection.vendor == "sqlite":
        return _of_sqlite()(connection)
    return getattr(connection, "prepared_cursor", connection.cursor)()


@cache
def _of_sqlite() -> Callable[[BaseDatabaseWrapper], Any]:
    """Return its own way, with whose module the driver is imported."""
    from newsreader.kit import sqlite

    return sqlite.prepared_cursor
