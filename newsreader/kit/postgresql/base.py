"""PostgreSQL as Django speaks it, but for two things: statements sent directly, and less asking who is there.

Named in DATABASES as `newsreader.kit.postgresql`; Django looks for `DatabaseWrapper` here.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper, debug_transaction

from newsreader.kit.postgresql.direct import Answered, Direct, DirectCursor, direct

# Seconds after which a connection is asked whether it works, even if it has said nothing. Asking at every request
# would be a round trip more than many a page has.
SURE = 5.0


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """Return the statement with its values, for whoever collects statements."""
        if isinstance(cursor, DirectCursor):
            return str(self.compose_sql(sql, params))
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    health_check_enabled: bool
    health_check_done: bool
    _sure_until = 0.0
    _direct: Direct | None = None

    @property
    def direct(self) -> Direct:
        """What executes statements whose text is always the same, on the connection that there is."""
        if self._direct is None or self._direct.connection is not self.connection:
            self._direct = direct(self.connection, prepares=not settings.POOLED)
        return self._direct

    def prepared_cursor(self, *, planned_once: bool) -> CursorWrapper:
        """Return a cursor for such statements, which whoever watches sees."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(DirectCursor(self.direct, planned_once=planned_once))  # type: ignore[attr-defined]

    def bare_prepared(self) -> Callable[..., Answered]:
        """Return what executes such a statement, and returns its rows and their number. Errors are psycopg's."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        return self.direct.execute

    # psycopg begins a transaction by itself once it is told not to commit each statement. Being told so, and the
    # opposite, for each transaction takes it 0.1 ms. So it is not told, as with SQLite, and these are sent directly.

    def _start_transaction_under_autocommit(self) -> None:
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.direct.begin()

    def _set_autocommit(self, autocommit: bool) -> None:
        if self.connection.autocommit is not autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]

    def _commit(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                self.direct.commit()

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = super().create_cursor(name)
        if name and not self.autocommit:
            # Django asks the connection, and takes rows to be read beyond a transaction that psycopg knows nothing of:
            # their end would wait for all of them to be stored, and none could be locked.
            cursor._withhold = False
        return cursor

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
