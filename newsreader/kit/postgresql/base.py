"""PostgreSQL as Django speaks it, but for two things: statements that are prepared, and less asking who is there.

Named in DATABASES as `newsreader.kit.postgresql`; Django looks for `DatabaseWrapper` here.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg import RawCursor
from psycopg.types.numeric import Int8

# Seconds after which a connection is asked whether it works, even if it has said nothing. Asking at every request
# would be a round trip more than many a page has.
SURE = 5.0
_MARK = re.compile("%[s%]")


class PreparedCursor(base.CursorMixin, RawCursor):
    """Has the server parse and plan a statement once for each connection, and not at every execution: PostgreSQL then
    works a quarter less for an article's page made anew, and a seventh less for a post.

    psycopg prepares what is executed more often than the option `prepare_threshold` says; where that is None, nothing
    is prepared (DATABASE_POOLER). Values travel beside the statement, so it has to say of which type they are where
    the server could not tell.

    Values are numbered in the text of the statement once, here: psycopg does it at each execution where there are more
    than 50, which takes as long as two statements.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        # psycopg would give each size of numbers a type of its own, and so a statement.
        if params is not None:
            params = [Int8(param) if type(param) is int else param for param in params]
            query = _numbered(query)
        return super().execute(query, params, **options)


@cache
def _numbered(statement: str) -> bytes:
    """Return a statement with `$1`, `$2` for each `%s`, as the server has them. There are only so many."""
    number = count(1)
    return _MARK.sub(lambda mark: f"${next(number)}" if mark[0] == "%s" else "%", statement).encode()


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """Return the statement with its values, for whoever collects statements."""
        if isinstance(cursor, PreparedCursor):
            return str(self.compose_sql(sql, params))
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    health_check_enabled: bool
    health_check_done: bool
    _sure_until = 0.0

    def prepared_cursor(self) -> CursorWrapper:
        """Return a cursor for statements whose text does not change from one execution to the next."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(PreparedCursor(self.connection))  # type: ignore[attr-defined]

    def bare_prepared(self) -> Callable[[str, Any], Any]:
        """Return what executes such a statement and returns psycopg's own cursor. Errors are psycopg's."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        return PreparedCursor(self.connection).execute

    def close_if_health_check_failed(self) -> None:
        """Close a connection that the server has ended; called before each request's first statement.

        Whoever ends a connection says so, and then there is something to read from it: a look at that costs no round
        trip. What says nothing when it goes is noticed after `SURE` seconds.
        """
        if self.connection is None or not self.health_check_enabled or self.health_check_done:
            return
        now = time.monotonic()
        if now < self._sure_until and not self._has_news():
            self.health_check_done = True
            return
        super().close_if_health_check_failed()
        self._sure_until = now + SURE

    def _has_news(self) -> bool:
        if self.connection.closed:
            return True
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))
