"""The versions of articles and of the site as the database has them now, by one small statement.

It is asked for every public page that is answered in front of Django, so it goes straight to the driver, on a
connection of its own: always the primary, since a replica may be behind.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from newsreader.kit import database_waits
from newsreader.kit.depends import LISTS, SITE

Versions = dict[Hashable, int]
_AMONG = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgresql": "= ANY(%s::bigint[])"}


class Line:
    """One connection. It may be used in one thread, and hung up from any."""

    def __init__(self, database: BaseDatabaseWrapper | None = None) -> None:
        """Connect, unless there is a connection. Raises the database's errors."""
        self._database = database or connections.create_connection("default")
        self._database.ensure_connection()
        vendor = self._database.vendor
        article, site = (apps.get_model("articles", name)._meta.db_table for name in ("Article", "Site"))
        self._statement = (
            f"SELECT id, page_version, 0 FROM {article} WHERE id {_AMONG[vendor]}"  # noqa: S608
            f" UNION ALL SELECT 0, page_version, lists_version FROM {site} WHERE id = 1"
        )
        self._is_sqlite = vendor == "sqlite"
        self._asked: Any = self._database.connection if self._is_sqlite else _cursor(self._database.connection)

    def read(self, ids: Iterable[int]) -> Versions:
        """Return the versions of the site, and of those of these articles that there are.

        Raises the driver's errors.
        """
        given = json.dumps(list(ids)) if self._is_sqlite else f"{{{','.join(map(str, ids))}}}"
        found: Versions = {}
        for pk, version, of_lists in self._asked.execute(self._statement, (given,)).fetchall():
            if pk:
                found[pk] = version
            else:
                found[SITE], found[LISTS] = version, of_lists
        return found

    def hang_up(self) -> None:
        """Have it fail soon that waits for an answer, in whichever thread."""
        database_waits.hang_up(self._database)

    def close(self) -> None:
        self._database.close()


def _cursor(connection: Any) -> Any:
    from psycopg import Cursor  # Not on a site with SQLite.

    # Django's own cursors write values into the statement. The server then plans it each time: 0.4 ms instead of 0.2.
    # Behind PgBouncer the next statement may reach another connection, which knows of none that was prepared.
    connection.prepare_threshold = None if settings.POOLED else 0
    return Cursor(connection)
