"""Django's database backend for PostgreSQL, with what costs less where connections are kept (`base`)."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def prepared_cursor(connection: BaseDatabaseWrapper) -> Any:
    """Return a cursor for a statement whose text is always the same, so that a server parses and plans it once.

    On SQLite, whose driver keeps its statements anyway, that is the usual one.
    """
    return getattr(connection, "prepared_cursor", connection.cursor)()
