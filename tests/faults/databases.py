"""The databases of the sites that are broken: a PostgreSQL server of our own, or an SQLite file, on a small disk."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.faults.disk import Disk
from tests.faults.ports import free_port

TABLE = "comments_comment"  # which every reply needs


def find_postgresql() -> Path | None:
    """Return the folder of the server's programs, the newest."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if known and (known[-1] / "initdb").exists():
        return known[-1]
    return Path(found).parent if (found := shutil.which("initdb")) else None


class PostgreSQL:
    """A server of our own. Its log of changes is on another disk, as a careful operator has it."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        programs = find_postgresql()
        assert programs is not None
        self.programs, self.disk, self.port = programs, disk, free_port()
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()  # It does not run as root.
        self.data, self.log = disk.folder / "data", folder / "postgresql"
        owned = [self.log, self.data] if os.geteuid() == 0 else [self.log]
        for path in owned:
            path.mkdir(mode=0o700)
            if os.geteuid() == 0:
                account = pwd.getpwnam("postgres")
                os.chown(path, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", self.data, "--waldir", self.log / "wal", "-U", "postgres", "-A", "trust", "--no-sync",
                  "-E", "UTF8", "--locale", "C.UTF-8")  # fmt: skip
        self.start()
        self.run("CREATE DATABASE site")

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/site"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.log}"
        options += " -c max_wal_size=64MB -c shared_buffers=32MB"
        self._run("pg_ctl", "-D", self.data, "-l", self.log / "log", "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def run(self, *statements: str) -> None:
        address = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, question: str) -> Sequence[tuple[Any, ...]]:
        with psycopg.connect(self.url, connect_timeout=10) as connection:
            return connection.execute(question).fetchall()

    @contextmanager
    def locked(self) -> Iterator[None]:
        with psycopg.connect(self.url) as connection:
            connection.execute(f"LOCK TABLE {TABLE} IN EXCLUSIVE MODE")
            yield

    @contextmanager
    def read_only(self) -> Iterator[None]:
        reload = "SELECT pg_reload_conf()"
        self.run("ALTER SYSTEM SET default_transaction_read_only = on", reload)
        yield
        self.run("SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", reload)

    def full(self) -> AbstractContextManager[None]:
        return self.disk.full()

    def remove(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop", check=False)

    def _run(self, program: str, *arguments: str | Path, check: bool = True) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        as_user = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        # Into a file: the server that pg_ctl starts keeps what it is given for its output open.
        with (self.log / "commands").open("ab") as out:
            done = subprocess.run([*as_user, *command], stdout=out, stderr=out, cwd=self.log, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{program}: {(self.log / 'commands').read_text()[-500:]}")


class SQLite:
    def __init__(self, disk: Disk) -> None:
        self.disk, self.file = disk, disk.folder / "site.sqlite3"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    def rows(self, question: str) -> Sequence[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file, timeout=20)) as connection:
            return connection.execute(question).fetchall()

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.file, timeout=20, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def full(self) -> AbstractContextManager[None]:
        return self.disk.full()

    def remove(self) -> None:
        """It goes with its disk."""
