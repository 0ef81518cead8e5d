"""How long this thread has waited for the database, and how often it has asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


class Spent(threading.local):
    """Since the thread began. Take the difference of two looks."""

    seconds = 0.0
    statements = 0


spent = Spent()


def watch(sender: object, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Measure a connection from now on; called for every new one (`newsreader.apps`)."""
    if _timed not in connection.execute_wrappers:
        # As the outermost: whoever adds one for a while removes the last.
        connection.execute_wrappers.insert(0, _timed)


def watches_alone(connection: BaseDatabaseWrapper) -> bool:
    """Say whether nobody else looks at the statements of a connection."""
    wrappers = connection.execute_wrappers
    return not wrappers or (len(wrappers) == 1 and wrappers[0] is _timed)


def _timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        spent.seconds += time.perf_counter() - began
        spent.statements += 1
