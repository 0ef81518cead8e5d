"""The databases of a run: migrated once, copied for every process, restored after each test that commits.

Migrating takes seconds, copying what was migrated a moment. The first process that needs a database migrates one under
a lock; every process then works on a copy of its own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from pytest_django import DjangoDbBlocker

TEMPLATE = settings.DATABASES["default"]["TEST"]["NAME"]
LOCK = settings.BASE_DIR / "var" / f"test-{os.environ['TEST_RUN']}.lock"
OWN = f"{TEMPLATE}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
RESTORE = pytest.StashKey[Callable[[], None]]()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Replaces that of pytest-django, which would migrate in every process."""
    with django_db_blocker.unblock():
        with LOCK.open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.seek(0)
            if not lock.read():
                connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
                lock.write("migrated")
            connection.close()  # PostgreSQL copies no database that somebody is connected to.
            copy_database()
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = OWN
        restore = restore_rows(migrated_rows()) if connection.vendor == "postgresql" else restore_file

    def restore_unblocked() -> None:
        with django_db_blocker.unblock():
            restore()
            connection.close()

    request.config.stash[RESTORE] = restore_unblocked
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    drop_database(OWN)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what all processes copied; only the process that started the others knows that they have ended."""
    if not hasattr(session.config, "workerinput") and LOCK.exists():
        drop_database(TEMPLATE)
        LOCK.unlink()


def copy_database() -> None:
    if settings.SQLITE:
        shutil.copyfile(TEMPLATE, OWN)
    else:
        drop_database(OWN)
        on_the_server(f'CREATE DATABASE "{OWN}" TEMPLATE "{TEMPLATE}"')


def drop_database(name: str) -> None:
    """Remove it even where a browser's event loop still holds a connection."""
    if settings.SQLITE:
        for suffix in ("", "-wal", "-shm", ".migrate-lock"):
            Path(f"{name}{suffix}").unlink(missing_ok=True)
    else:
        on_the_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def on_the_server(statement: str) -> None:
    known = settings.DATABASES["default"]
    address = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "password": known["PASSWORD"]}
    with psycopg.connect(**{"dbname": "postgres"} | {k: v for k, v in address.items() if v}, autocommit=True) as server:
        server.execute(statement)


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replaces that of pytest-django, whose flush takes longer than most tests and leaves no row of the migrations.

    The hook below restores the database.
    """
    with django_db_blocker.unblock():
        yield
        connection.close()


def commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    asked = {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(asked or (marker and marker.kwargs.get("transaction")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Restore what the migrations left after a test that commits, in every table: the search's are no model's.

    In a hook, since it must come after the teardown of every fixture.
    """
    result = yield
    # After the last test the database itself is gone.
    if commits(item) and nextitem is not None and (restore := item.config.stash.get(RESTORE, None)):
        restore()
    return result


def content_of(path: Path) -> bytes:
    """Return what is in a file of a database that this process has open.

    Another process reads it: closing a file drops the locks that a process has on it, whoever in it holds them, and the
    next process that closes the database would take itself for the last one. Source: sqlite.org/howtocorrupt.html, 2.2.
    """
    return subprocess.run(["cat", path], capture_output=True, check=True).stdout


def restore_file() -> None:
    """Copy the migrated database over this process's own, as a transaction that other connections see."""

    def not_locked(status: int, remaining: int, total: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:  # It would be tried again for ever.
            raise TimeoutError("A test has left a transaction open.")

    connection.close()
    with closing(sqlite3.connect(TEMPLATE)) as migrated, closing(sqlite3.connect(OWN, timeout=20)) as own:
        migrated.backup(own, progress=not_locked)


def migrated_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table, those that are no model's included."""
    with connection.cursor() as cursor:
        rows = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = cursor.fetchall()
        return rows


def restore_rows(migrated: dict[str, list[tuple[Any, ...]]]) -> Callable[[], None]:
    """Return what leaves no row but these. Without TRUNCATE, which writes new files for each table."""

    def restore() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # Whatever refers to whatever.
            for table, rows in migrated.items():
                cursor.execute(f'DELETE FROM "{table}"')
                if rows:
                    cursor.executemany(f'INSERT INTO "{table}" VALUES ({", ".join(["%s"] * len(rows[0]))})', rows)

    return restore
