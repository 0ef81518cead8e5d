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
        return _sqlite().prepared_cursor(connection)
    return getattr(connection, "prepared_cursor", connection.cursor)()


def bare_prepared(connection: Any) -> Callable[[str, Any], Any]:
    """Return what executes such a statement and returns the driver's own cursor. Errors are the driver's."""
    found: Callable[[str, Any], Any] = (
        _sqlite().bare_prepared(connection) if connection.vendor == "sqlite" else connection.bare_prepared()
    )
    return found


@cache
def _sqlite() -> Any:
    """Return the module for it, with which the driver is imported."""
    from newsreader.kit import sqlite

    return sqlite
