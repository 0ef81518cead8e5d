"""What PostgreSQL does for the statements of a request: asked by EXPLAIN (ANALYZE), the way the site asks.

A statement that is prepared is looked at twice: as it is planned for its values, and as it is planned once for all.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

from django.db import connection, transaction

TYPES = {bool: "boolean", int: "bigint", dt.datetime: "timestamptz", dt.date: "date"}
EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "
SMALL = 2_000  # rows; a table of fewer may well be read whole


class Statement(NamedTuple):
    sql: str
    params: list[Any]
    is_prepared: bool


class Plan(NamedTuple):
    """`whole`: large tables that it reads from end to end. `read`: rows of tables and indexes. `dropped`: those of them
    that a condition removed again. `sorted`: rows of the largest sort."""

    sql: str
    whole: list[str]
    read: int
    dropped: int
    sorted: int
    text: str


@contextmanager
def asked() -> Iterator[list[Statement]]:
    """Collect what is read meanwhile."""
    found: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not many and re.match(r"\(?(SELECT|UPDATE|DELETE|WITH(?! \w+ AS \(INSERT))\b", sql):
            is_prepared = getattr(context["cursor"].cursor, "planned_once", False)
            found.append(Statement(sql, list(params or ()), is_prepared))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def plans(statements: list[Statement]) -> Iterator[Plan]:
    """Yield how each is carried out; what it changes is undone."""
    seen = set[str]()
    for statement in statements:
        if repr(statement) in seen:
            continue
        seen.add(repr(statement))
        yield _plan(statement.sql, EXPLAIN + statement.sql, statement.params)
        if statement.is_prepared:
            yield _planned_once(statement)


def _planned_once(statement: Statement) -> Plan:
    params, numbers = statement.params, count(1)
    kinds = [next((name for kind, name in TYPES.items() if isinstance(each, kind)), "unknown") for each in params]
    text = re.sub("%[%s]", lambda mark: "%" if mark[0] == "%%" else f"${next(numbers)}", statement.sql)
    types, marks = (f"({', '.join(each)})" if params else "" for each in (kinds, ["%s"] * len(params)))
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE looked_at {types} AS {text}")
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        try:
            return _plan(f"[planned once] {text}", f"{EXPLAIN} EXECUTE looked_at {marks}", params)
        finally:
            cursor.execute("RESET plan_cache_mode")
            cursor.execute("DEALLOCATE looked_at")


def _plan(sql: str, explain: str, params: list[Any]) -> Plan:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(explain, params)
        (found,) = cursor.fetchone()
        transaction.set_rollback(True)
    found = json.loads(found) if isinstance(found, str) else found
    nodes = list(_nodes(found[0]["Plan"]))
    scans = [node for node in nodes if "Scan" in node["Node Type"] and node["Node Type"] not in NOT_TABLES]
    dropped = sum(map(_dropped, scans))
    return Plan(
        sql,
        [node["Relation Name"] for node in scans if node["Node Type"] == "Seq Scan" and _rows(node) > SMALL],
        sum(map(_rows, scans)),
        dropped,
        max((_times(node, "Actual Rows") for node in nodes if node["Node Type"] == "Sort"), default=0),
        json.dumps(found, indent=1),
    )


NOT_TABLES = {"CTE Scan", "Subquery Scan", "Function Scan", "Values Scan", "WorkTable Scan"}
DROPPED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")


def _times(node: dict[str, Any], name: str) -> int:
    return round(node.get(name, 0) * node["Actual Loops"])


def _dropped(node: dict[str, Any]) -> int:
    return sum(_times(node, name) for name in DROPPED)


def _rows(node: dict[str, Any]) -> int:
    return _times(node, "Actual Rows") + _dropped(node)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
