"""Which database a query goes to: the primary, unless a page is being read from a replica."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

CACHE = "django_cache"  # The app label of Django's cache in a table, which counts and must not lag.
_reads_from: ContextVar[str] = ContextVar("reads_from", default=DEFAULT_DB_ALIAS)


@contextmanager
def reading_from(alias: str) -> Iterator[None]:
    """Read from this database until the end of the block, in this thread.

    A page and its version have to come from one database: a page that a replica lags behind with must never be kept
    under a version that only the primary has yet.
    """
    token = _reads_from.set(alias)
    try:
        yield
    finally:
        _reads_from.reset(token)


def reading_connection() -> BaseDatabaseWrapper:
    """Return the connection for reading without the ORM."""
    return connections[_reads_from.get()]


class Router:
    """Django's router: see DATABASE_ROUTERS. Whatever is written goes to the primary."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS if model._meta.app_label == CACHE else _reads_from.get()

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
