"""The versions of articles and of the site as the database has them now, by one small statement.

It is asked for every public page that is answered in front of Django, so it goes straight to the driver, on a
connection of its own: always the primary, since a replica may be behind.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from itertools import count
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from articles.models.article import Article
from articles.models.site import Site
from comments.models import Comment
from newsreader.kit import database_waits
from newsreader.kit.depends import COMMENTS, LISTS, SITE, version_of

Versions = dict[Hashable, int | None]  # None: there is no such article
_AMONG = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgresql": "= ANY($1::bigint[])"}
Row = tuple[int, int, int]
_lines = count(1)


class Line:
    """One connection, used by one thread at a time, which may be the loop's, and hung up from any.

    `socket`: the descriptor that can be waited for, by whoever uses `send` and `receive`; None: there is none.
    """

    def __init__(self, database: BaseDatabaseWrapper | None = None) -> None:
        """Connect, unless there is a connection. Raises the database's errors."""
        self._database = database or connections.create_connection("default")
        self._database.ensure_connection()
        vendor = self._database.vendor
        article, site = Article._meta.db_table, Site._meta.db_table
        self._statement = (
            f"SELECT id, page_version, 0 FROM {article} WHERE id {_AMONG[vendor]}"  # noqa: S608
            f" UNION ALL SELECT 0, page_version, lists_version FROM {site} WHERE id = 1"
        )
        self._newest: tuple[str, Sequence[Any]] | None = None
        self._server: _Server | None = None
        self._watched: sqlite3.Connection | None = None
        self._asking = Lock()  # held while `_watched` is asked: closed meanwhile, it takes the process along
        if vendor == "sqlite":
            self._watched = _watched(self._database)
        else:
            self._server = _Server(self._database.connection.pgconn, self._statement)

    @property
    def socket(self) -> int | None:
        return self._server.socket if self._server else None

    def read(self, wanted: Collection[Hashable]) -> Versions:
        """Return the versions of the site, and of what is wanted: of those of these articles that there are.

        Raises the driver's errors.
        """
        ids = _ids(wanted)
        newest: Versions = {COMMENTS: self._of_comments()} if COMMENTS in wanted else {}
        return newest | _versions(self._server.read(ids) if self._server else self._in_sqlite(ids))

    def state(self) -> int | None:
        """Return a number that is another as soon as anything was committed since it was last asked; None: unknown.

        It takes 0.002 ms and waits for nobody, so the loop may ask. Raises the driver's errors.
        """
        with self._asking:
            if self._watched is None:
                return None
            state: int = self._watched.execute("PRAGMA data_version").fetchall()[0][0]
            return state

    def send(self, wanted: Collection[Hashable]) -> bool:
        """Ask for them, and wait for nothing. False: it has to be `read`. Raises the driver's errors."""
        if self._server is None or COMMENTS in wanted:
            return False
        self._server.send(_ids(wanted))
        return True

    def receive(self) -> Versions | None:
        """Return the answer once it is there; None until then. Raises the driver's errors."""
        rows = self._server.receive() if self._server else None
        return None if rows is None else _versions(rows)

    def _of_comments(self) -> int:
        """Return the version of the newest comments: a statement of its own, since hardly any page depends on it."""
        if self._newest is None:
            self._newest = Comment.objects.newest_versions().query.get_compiler(connection=self._database).as_sql()
        with self._database.cursor() as cursor:
            cursor.execute(*self._newest)
            return version_of(cursor.fetchall())

    def _in_sqlite(self, ids: list[int]) -> list[Row]:
        rows: list[Row] = self._database.connection.execute(self._statement, (json.dumps(ids),)).fetchall()
        return rows

    def hang_up(self) -> None:
        """Have it fail soon that waits for an answer, in whichever thread."""
        database_waits.hang_up(self._database)

    def close(self) -> None:
        """Close it, in the thread. The loop may be asking for the state at this moment, and finds none from then on."""
        with self._asking:
            watched, self._watched = self._watched, None
        if watched:
            watched.close()
        self._database.close()


def _ids(wanted: Collection[Hashable]) -> list[int]:
    return [of for of in wanted if isinstance(of, int)]


def _versions(rows: Iterable[Row]) -> Versions:
    found: Versions = {}
    for pk, version, of_lists in rows:
        if pk:
            found[pk] = version
        else:
            found[SITE], found[LISTS] = version, of_lists
    return found


def _watched(database: BaseDatabaseWrapper) -> sqlite3.Connection | None:
    """Return another connection to the same file, which is asked for nothing but whether there was a commit.

    In WAL mode that is read from memory, and who writes keeps nobody from it: it waits neither for a lock nor, but for
    the file's first page after a commit, for the disk. In other modes, and in memory, there is none.
    """
    ((mode,),) = database.connection.execute("PRAGMA journal_mode").fetchall()
    if mode != "wal":
        return None
    ((_, _, file),) = database.connection.execute("PRAGMA database_list").fetchmany(1)
    watched = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    watched.execute("PRAGMA query_only = ON")
    watched.execute("PRAGMA data_version").fetchall()  # It opens the log: here, in the thread.
    return watched


class _Server:
    """PostgreSQL, asked through its library: the driver's own way takes longer than the server takes to answer.

    Prepared, the server plans the statement once, and not each time. Behind PgBouncer the next statement may reach
    another connection, which knows of none that was prepared.
    """

    def __init__(self, line: Any, statement: str) -> None:
        from psycopg import errors, pq  # Not on a site with SQLite.

        self.line, self._text = line, statement.encode()
        self.socket: int = line.socket  # Once the connection is lost, the library knows it no more.
        self._status, self._error = pq.ExecStatus, errors.error_from_result
        self._name = b"" if settings.POOLED else b"versions_%d" % next(_lines)  # A connection may get a second line.
        self._found: Any = None
        if self._name:
            self._checked(line.prepare(self._name, self._text), self._status.COMMAND_OK)

    def _checked(self, result: Any, status: Any) -> Any:
        if result.status != status:
            raise self._error(result)
        return result

    def read(self, ids: list[int]) -> Iterator[Row]:
        given = _array(ids)
        asked = self.line.exec_prepared(self._name, given) if self._name else self.line.exec_params(self._text, given)
        return self._rows(asked)

    def send(self, ids: list[int]) -> None:
        given, self._found = _array(ids), None
        if self._name:
            self.line.send_query_prepared(self._name, given)
        else:
            self.line.send_query_params(self._text, given)
        self.line.flush()  # Were it not all gone, the server would have stalled, and the limit would end it.

    def receive(self) -> Iterator[Row] | None:
        self.line.consume_input()
        while not self.line.is_busy():
            if (result := self.line.get_result()) is None:
                found, self._found = self._found, None
                return None if found is None else self._rows(found)
            self._found = result
        return None

    def _rows(self, result: Any) -> Iterator[Row]:
        found = self._checked(result, self._status.TUPLES_OK)
        return (
            (int(found.get_value(row, 0)), int(found.get_value(row, 1)), int(found.get_value(row, 2)))
            for row in range(found.ntuples)
        )


def _array(ids: list[int]) -> list[bytes]:
    return [f"{{{','.join(map(str, ids))}}}".encode()]
