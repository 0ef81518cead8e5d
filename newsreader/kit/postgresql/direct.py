"""Prepared statements sent by libpq itself, without psycopg's cursors.

A cursor of psycopg's costs 0.05 ms when it has just been used, and 0.3 ms when a request has done other things since:
its way is long, and out of the processor's caches by then. A call of libpq's takes 0.1 ms of these. An article's page
has four statements, a post twelve.

What is sent is what psycopg would send, and values become Python's by the same adapters; errors are psycopg's
(docs/decisions/0034).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.numeric import Int8

# A connection keeps so many statements prepared. There are some hundred; whatever comes then is parsed each time.
MOST = 400
_MARK = re.compile("%[s%]")

Values = list[Any]
Answered = tuple[list[Any], int]  # the rows, and how many were read or written
_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_OUTDATED = b"0A000"  # "cached plan must not change result type"
Key = tuple[str, tuple[int, ...]]  # a statement's text, and the types of its values


@lru_cache(1000)
def _any_form(count: int) -> list[PyFormat]:
    return [PyFormat.AUTO] * count


@lru_cache(1000)
def numbered(statement: str) -> bytes:
    """Return a statement with `$1`, `$2` for each `%s`, as the server has them."""
    number = count(1)
    return _MARK.sub(lambda mark: f"${next(number)}" if mark[0] == "%s" else "%", statement).encode()


def direct(connection: Connection[Any], *, prepares: bool) -> Direct:
    """Return what executes statements on a connection, always the same: names of statements are the connection's.

    Where connections are pooled, another thread has it each time.
    """
    found: Direct | None = vars(connection).get("direct")
    if found is None:
        found = vars(connection)["direct"] = Direct(connection, prepares=prepares)
    return found


class _WithTimes:
    """How values of a connection are adapted, but times by the driver itself.

    Django's way makes each time twice, in Python: 0.003 ms, and of a list of comments or articles a tenth. Where the
    session's zone is UTC, as Django sets it, the driver makes the same.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection, self.adapters = connection, AdaptersMap(connection.adapters)
        if connection.info.parameter_status("TimeZone") == "UTC":
            self.adapters.register_loader("timestamptz", TimestamptzLoader)


class Direct:
    """Executes statements on one connection, in the thread that has it.

    The server parses and plans a statement once for each connection, from the second time on that it is executed there,
    where the connection `prepares`: it works a quarter less for an article's page made anew so.
    """

    def __init__(self, connection: Connection[Any], *, prepares: bool) -> None:
        self.connection, self._libpq, self._prepares = connection, connection.pgconn, prepares
        self._adapting = Transformer(_WithTimes(connection))
        self._names: dict[Key, bytes] = {}  # of statements; empty: executed once
        self._numbers = count()

    def execute(self, sql: str, params: Values, *, planned_once: bool = True) -> Answered:
        """Execute a statement whose text is always the same, where the plan may be, too. Raises psycopg's errors."""
        libpq, adapting = self._libpq, self._adapting
        if libpq.transaction_status == TransactionStatus.IDLE and not self.connection.autocommit:
            self.begin()
        # psycopg would give each size of numbers a type of its own, and so a statement.
        wide = [Int8(param) if type(param) is int else param for param in params]
        values: Any = adapting.dump_sequence(wide, _any_form(len(wide)))
        types, formats = adapting.types or (), adapting.formats
        name = self._name(sql, types) if planned_once and self._prepares else b""
        if name:
            result = libpq.exec_prepared(name, values, formats)
            if result.status not in _GOOD and result.error_field(DiagnosticField.SQLSTATE) == _OUTDATED:
                # A migration has changed a column's type meanwhile, and this may be true of others. What is prepared
                # from now on has other names.
                self._names.clear()
                if libpq.transaction_status == TransactionStatus.IDLE:
                    result = libpq.exec_params(numbered(sql), values, types, formats)
        else:
            result = libpq.exec_params(numbered(sql), values, types, formats)
        if result.status != ExecStatus.TUPLES_OK:
            return [], self._checked(result).command_tuples or 0
        adapting.set_pgresult(result)
        return adapting.load_rows(0, result.ntuples, tuple), result.ntuples

    def begin(self) -> None:
        """Begin a transaction."""
        self._checked(self._libpq.exec_(b"BEGIN"))

    def commit(self) -> None:
        """Commit a transaction."""
        self._checked(self._libpq.exec_(b"COMMIT"))

    def _name(self, sql: str, types: tuple[int, ...]) -> bytes:
        """Return the name that the server knows a statement by; empty where it does not know it."""
        name = self._names.get((sql, types))
        if name:
            return name
        if name is None:
            if len(self._names) < MOST:
                self._names[sql, types] = b""
            return b""
        name = f"newsreader_{next(self._numbers)}".encode()
        self._checked(self._libpq.prepare(name, numbered(sql), types))
        self._names[sql, types] = name
        return name

    def _checked(self, result: PGresult) -> PGresult:
        if result.status not in _GOOD:
            if self._libpq.status == ConnStatus.BAD:
                raise OperationalError(result.get_error_message())
            raise error_from_result(result, encoding="utf-8")
        return result


class DirectCursor:
    """What a cursor of Django's wraps, for whoever watches statements to see them."""

    def __init__(self, direct: Direct, *, planned_once: bool) -> None:
        self._direct, self.planned_once = direct, planned_once
        self._rows: Values = []
        self.rowcount = -1

    def execute(self, sql: str, params: Values | None = None) -> None:
        self._rows, self.rowcount = self._direct.execute(sql, params or [], planned_once=self.planned_once)

    def fetchall(self) -> Values:
        return self._rows

    def close(self) -> None:
        """Nothing is open."""
