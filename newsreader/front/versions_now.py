"""The versions of articles and of the site as the database has them now, by one small statement.

It is asked for every public page that is answered in front of Django, so it goes straight to the driver, on a
connection of its own: always the primary, since a replica may be behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from articles.models.article import Article
from articles.models.site import Site
from comments.models import Comment
from newsreader.kit import database_waits
from newsreader.kit.depends import COMMENTS, LISTS, SITE, version_of

Versions = dict[Hashable, int]
_AMONG = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgresql": "= ANY($1::bigint[])"}
Row = tuple[int, int, int]
_lines = count(1)


class Line:
    """One connection. It may be used in one thread, and hung up from any."""

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
        self._rows = self._in_sqlite if vendor == "sqlite" else self._prepared()

    def read(self, wanted: Collection[Hashable]) -> Versions:
        """Return the versions of the site, and of what is wanted: of those of these articles that there are.

        Raises the driver's errors.
        """
        found: Versions = {}
        if COMMENTS in wanted:
            found[COMMENTS] = self._of_comments()
        for pk, version, of_lists in self._rows(of for of in wanted if isinstance(of, int)):
            if pk:
                found[pk] = version
            else:
                found[SITE], found[LISTS] = version, of_lists
        return found

    def _of_comments(self) -> int:
        """Return the version of the newest comments: a statement of its own, since hardly any page depends on it."""
        if self._newest is None:
            self._newest = Comment.objects.newest_versions().query.get_compiler(connection=self._database).as_sql()
        with self._database.cursor() as cursor:
            cursor.execute(*self._newest)
            return version_of(cursor.fetchall())

    def _in_sqlite(self, ids: Iterable[int]) -> list[Row]:
        rows: list[Row] = self._database.connection.execute(self._statement, (json.dumps(list(ids)),)).fetchall()
        return rows

    def _prepared(self) -> Callable[[Iterable[int]], Iterator[Row]]:
        """Return what asks PostgreSQL: the library's own way to a statement takes longer than the server to answer it.

        Prepared, the server plans it once, and not each time. Behind PgBouncer the next statement may reach another
        connection, which knows of none that was prepared.
        """
        from psycopg import errors, pq  # Not on a site with SQLite.

        line, text = self._database.connection.pgconn, self._statement.encode()
        name = b"versions_%d" % next(_lines)  # A connection may get a second line.

        def asked(result: Any, status: Any = pq.ExecStatus.TUPLES_OK) -> Any:
            if result.status != status:
                raise errors.error_from_result(result)
            return result

        if not settings.POOLED:
            asked(line.prepare(name, text), pq.ExecStatus.COMMAND_OK)

        def rows(ids: Iterable[int]) -> Iterator[Row]:
            given = [f"{{{','.join(map(str, ids))}}}".encode()]
            sent = line.exec_params(text, given) if settings.POOLED else line.exec_prepared(name, given)
            found = asked(sent)
            return (
                (int(found.get_value(row, 0)), int(found.get_value(row, 1)), int(found.get_value(row, 2)))
                for row in range(found.ntuples)
            )

        return rows

    def hang_up(self) -> None:
        """Have it fail soon that waits for an answer, in whichever thread."""
        database_waits.hang_up(self._database)

    def close(self) -> None:
        self._database.close()
