"""Django's database backend for PostgreSQL, with what costs less where connections are kept (`base`, `direct`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def prepared_cursor(connection: BaseDatabaseWrapper, *, planned_once: bool = True) -> Any:
    """Return a cursor of Django's for a statement whose text is always the same, so that it is parsed once.

    It is planned once, too, but on PostgreSQL where not `planned_once`. SQLite's driver keeps its statements anyway.
    """
    if connection.vendor == "sqlite":
        return _sqlite().prepared_cursor(connection)
    made: Any = connection
    return made.prepared_cursor(planned_once=planned_once)


def bare_prepared(connection: BaseDatabaseWrapper) -> Callable[..., tuple[list[Any], int]]:
    """Return what executes such a statement, and returns its rows and their number, or how many it has written.

    It takes the statement, a list of values and `planned_once`. Errors are the driver's.
    """
    if connection.vendor == "sqlite":
        return _sqlite().bare_prepared(connection)
    made: Any = connection
    return made.bare_prepared()


@cache
def _sqlite() -> Any:
    """Return the module for it, with which the driver is imported."""
    from newsreader.kit import sqlite

    return sqlite
