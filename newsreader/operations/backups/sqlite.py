"""Copying SQLite while others write, and restoring it, with its own backup.

The whole copy is of one moment: a transaction that only reads is held open meanwhile. Beside a write-ahead log nobody
waits for it; the log grows until the copy is made.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from newsreader.operations.backups.errors import BackupError
from newsreader.operations.pulse import is_alive

PAGES = 2_000  # copied at a time, 8 MB
PAUSE = 0.002  # seconds between two steps, in which the disk is the site's
SPARE = 64 << 20  # bytes that stay free beside the database while a copy is encrypted


def copy(source: Path, target: Path) -> None:
    """Copy a database that is in use into a new file."""
    with closing(sqlite3.connect(source, timeout=20, isolation_level=None)) as live:
        live.execute("BEGIN")
        live.execute("SELECT 1 FROM sqlite_master").fetchone()  # From here on it is this moment.
        with closing(sqlite3.connect(target)) as made:
            live.backup(made, pages=PAGES, progress=lambda *_: time.sleep(PAUSE))


def in_one_file(path: Path) -> None:
    """Leave a copy that nobody uses without a log beside it."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")


def restore(source: Path, target: Path) -> None:
    """Copy a database into another, as one transaction: after `kill -9` the other is as it was."""
    address = f"{source.as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as kept, closing(sqlite3.connect(target, timeout=20)) as site:
        kept.backup(site)


def faults() -> list[str]:
    """Return what is wrong with the database that the site's models look at, by its own word."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(1)")
        found = [line for (line,) in cursor.fetchall() if line != "ok"]
        cursor.execute("PRAGMA foreign_key_check")
        return found + [f"a row of {row[0]} refers to one of {row[2]} that is not there" for row in cursor.fetchmany(1)]


@contextmanager
def beside(database: Path, size: int) -> Iterator[Path]:
    """Give the name of a file for a plain copy beside the database, which is as secret; it is removed afterwards.

    The folder of copies never holds what is encrypted there. Raises BackupError if there is no room for so many bytes.
    """
    start = f".{database.name}.copy-"
    for left in database.parent.glob(f"{start}*"):
        if not is_alive(int(re.sub(r"\D.*", "", left.name.removeprefix(start)) or 0)):  # Of a run that was killed.
            left.unlink(missing_ok=True)
    if shutil.disk_usage(database.parent).free < size + SPARE:
        raise BackupError(f"{database.parent} has no room for the plain copy of the database that is encrypted.")
    path = database.parent / f"{start}{os.getpid()}"
    try:
        yield path
    finally:
        for each in database.parent.glob(f"{path.name}*"):
            each.unlink(missing_ok=True)
