"""Running a statement whose text is always the same, with less between it and the driver than Django's cursors have.

A cursor of Django's is made of three objects, and each of its calls goes through six: 0.02 ms for a statement, and a
post has fifteen. Where somebody watches statements (tests, a debugger), they go the ordinary way and are seen.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from newsreader.kit.database_time import spent, watches_alone
from newsreader.kit.postgresql import bare_prepared, prepared_cursor


class Answer(NamedTuple):
    rows: list[Any]  # none where the statement returns none
    written: int  # how many rows it has added or changed


def run(connection: BaseDatabaseWrapper, sql: str, params: list[Any], *, planned_once: bool = True) -> Answer:
    """Execute a statement as `prepared_cursor` does. Raises what Django's cursors raise."""
    if not watches_alone(connection) or connection.queries_logged:
        with prepared_cursor(connection, planned_once=planned_once) as cursor:
            cursor.execute(sql, params)
            return Answer(cursor.fetchall(), cursor.rowcount)
    execute = bare_prepared(connection)
    connection.validate_no_broken_transaction()
    began = time.perf_counter()
    try:
        with connection.wrap_database_errors:
            return Answer(*execute(sql, params, planned_once=planned_once))
    finally:
        spent.seconds += time.perf_counter() - began
        spent.statements += 1
