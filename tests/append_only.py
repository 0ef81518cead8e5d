"""Nothing in the house edits a decision once it is made: every test in which something does fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created

TESTS = Path(__file__).resolve().parent
ROOMS = tuple(f"{TESTS.parent / name}/" for name in ("newsreader", "articles", "comments"))
EDIT = 'UPDATE "comments_decision"'
# An account that is deleted goes out of the decisions it made; the log still knows its number.
ACCOUNT_DELETED = f'{EDIT} SET "by_id" = NULL'


class DecisionEdited(AssertionError):
    pass


def _refuse_edits(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if isinstance(sql, str) and sql.startswith(EDIT) and not sql.startswith(ACCOUNT_DELETED) and _by_the_house():
        raise DecisionEdited(sql)
    return execute(sql, params, many, context)


def _by_the_house() -> bool:
    """Say whether the house asks; a test may set a decision's time, or play who tampers with it."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        name = frame.f_code.co_filename
        if name.startswith(f"{TESTS}/") and name != __file__:
            return False
        # What measures the time of every statement asks for none.
        if name.startswith(ROOMS) and "/migrations/" not in name and not name.endswith("/database_time.py"):
            return True
    return False


def _watch(connection: Any, **kwargs: Any) -> None:
    if _refuse_edits not in connection.execute_wrappers:
        connection.execute_wrappers.append(_refuse_edits)


connection_created.connect(_watch, dispatch_uid="tests.append_only")
