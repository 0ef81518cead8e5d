"""Copying and restoring PostgreSQL with its own pg_dump and pg_restore, of a version that fits.

They get the address and the password through their environment: a command line can be read by everybody on the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from django.db import OperationalError, connection, transaction

from newsreader.operations.backups.errors import BackupError

DEBIAN = Path("/usr/lib/postgresql")
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


def server() -> int:
    """Return the server's major version, whether or not it has our database."""
    with connection._nodb_cursor() if is_absent() else connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def tool(name: str, at_least: int) -> tuple[str, int]:
    """Return a tool of PostgreSQL and its major version: the oldest one that is new enough. Raises BackupError."""
    paths = [str(path) for path in DEBIAN.glob(f"*/bin/{name}")]
    paths += [path] if (path := shutil.which(name)) else []
    found: dict[int, str] = {}
    for path in paths:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        if number := re.search(r"\) (\d+)", told.stdout):
            found.setdefault(int(number[1]), path)
    fitting = [major for major in found if major >= at_least]
    if not fitting:
        there = f", and only that of {max(found)} is here" if found else ""
        raise BackupError(f"{name} of PostgreSQL {at_least} or newer is needed{there}: install postgresql-client.")
    return found[min(fitting)], min(fitting)


def environment(database: str = "") -> dict[str, str]:
    """Return what the tools need to reach the site's server, or another database there, as libpq reads it."""
    given = connection.get_connection_params() | ({"dbname": database} if database else {})
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    for option in psycopg.pq.Conninfo.get_defaults():
        value = given.get(option.keyword.decode())
        if option.envvar and value not in (None, ""):
            kept[option.envvar.decode()] = str(value)
    return kept


def dump(use: Callable[[IO[bytes]], object]) -> None:
    """Give a dump to a function, of the moment in which this is called: within `one_moment`."""
    path, _ = tool("pg_dump", server())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        moment = cursor.fetchone()[0]
    command = [path, "--format=custom", "--no-owner", "--no-privileges", "--no-password", f"--snapshot={moment}"]
    with tempfile.TemporaryFile() as told:
        with _running(command, told, environment(), stdout=subprocess.PIPE) as process:
            assert process.stdout  # noqa: S101
            use(process.stdout)
        _refuse_failed("pg_dump", process, told)


@contextmanager
def one_moment() -> Iterator[None]:
    """Have everything that is read be of one moment. Others write on."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                cursor.execute(f"SET LOCAL {limit} = 0")  # The dump takes as long as it takes.
        yield


def restore(database: str, fill: Callable[[IO[bytes]], object], made_with: int) -> None:
    """Restore what a function writes into a database without tables, as one transaction."""
    path, _ = tool("pg_restore", made_with)
    command = [
        path, "--no-owner", "--no-privileges", "--no-password", "--exit-on-error", "--single-transaction",
        "--clean", "--if-exists", f"--dbname={database}",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as told:
        with _running(command, told, environment(database), stdin=subprocess.PIPE) as process:
            assert process.stdin  # noqa: S101
            try:
                fill(process.stdin)
                process.stdin.close()
            except BrokenPipeError:
                pass  # It says why.
        _refuse_failed("pg_restore", process, told)


@contextmanager
def _running(
    command: list[str], told: IO[bytes], given: dict[str, str], **pipes: int
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=given, stderr=told, **pipes)  # type: ignore[call-overload]  # noqa: S603
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass


def _refuse_failed(name: str, process: subprocess.Popen[bytes], told: IO[bytes]) -> None:
    if process.returncode:
        told.seek(0)
        lines = [line for line in told.read().decode("utf-8", "replace").splitlines() if line.strip()]
        said = next((line for line in lines if "error:" in line), lines[0] if lines else f"code {process.returncode}")
        raise BackupError(f"{name} failed: {said.partition('error: ')[2] or said}")


def is_absent() -> bool:
    """Say whether the server has no database of the site's name."""
    try:
        connection.ensure_connection()
    except OperationalError as fault:
        if f'database "{connection.settings_dict["NAME"]}" does not exist' not in str(fault):
            raise
        return True
    return False


def create() -> None:
    """Create the site's database."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(connection.settings_dict['NAME'])}")


def drop_tables() -> None:
    """Remove the tables of a site that holds nothing, whichever version has made them."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE IF EXISTS {connection.ops.quote_name(table)} CASCADE")


@contextmanager
def scratch() -> Iterator[str]:
    """Give the name of an empty database beside the site's; it is dropped afterwards. Raises BackupError."""
    name = f"{connection.settings_dict['NAME'][:50]}_drill"
    quoted = connection.ops.quote_name(name)
    beside = connection.copy()  # A session of its own: it holds the lock while the models look at the other database.
    try:
        with beside.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"drill {name}"])
            if not cursor.fetchone()[0]:
                raise BackupError(f"Another drill is using {name}.")
            cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if not cursor.fetchone()[0]:
                raise BackupError("The drill makes a scratch database, and the site's role may not: give it CREATEDB.")
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")  # Of a drill that was killed.
            cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE template0")
            try:
                yield name
            finally:
                cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
    finally:
        beside.close()
