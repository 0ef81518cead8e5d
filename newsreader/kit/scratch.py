"""A private database for what does not fit into memory: on disk, without a name, gone with the process that uses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager


@contextmanager
def scratch(schema: str) -> Iterator[sqlite3.Connection]:
    """Give an empty SQLite database with these tables. Nothing is left of it, not even after `kill -9`.

    What is in use stays in memory, a few megabytes; the rest goes to the folder for temporary files (`SQLITE_TMPDIR`,
    `TMPDIR`). Raises OSError where that is full. Source: https://www.sqlite.org/inmemorydb.html, "Temporary Databases".
    """
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as database:
            # Nobody else sees it and nobody recovers it.
            database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {schema}")
            yield database
    except sqlite3.OperationalError as error:  # No room, for instance. Django's own errors are others.
        raise OSError(f"The folder for temporary files: {error}") from error
