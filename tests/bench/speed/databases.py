"""A database of its own for each site, beside what DATABASE_URL names or in the run's folder; both go at the end."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

HERE = "postgres://postgres@127.0.0.1:5432/postgres"  # where nobody names a server


def server() -> str:
    """Return the address of the PostgreSQL server that is used."""
    given = os.environ.get("DATABASE_URL", "")
    return given if urlsplit(given).scheme in {"postgres", "postgresql"} else HERE


class SQLite:
    """A file."""

    vendor = "SQLite"
    web = worker = ""  # names of connections, which only a server tells apart

    def __init__(self, folder: Path, name: str):
        self.path = folder / f"{name}.sqlite3"
        self.path.touch(mode=0o600)

    def url(self, role: str) -> str:
        return f"sqlite:///{self.path}"

    def connect(self) -> None:
        self._connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = OFF")

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def count(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])

    def backends(self, role: str) -> list[int]:
        return []

    def size(self) -> int:
        """Return bytes in use, what is still in the log included."""
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def drop(self) -> None:
        self._connection.close()


class PostgreSQL:
    """A database on a server. Its processes count where they run on this machine."""

    vendor = "PostgreSQL"

    def __init__(self, folder: Path, name: str):
        self._server = urlsplit(server())
        self.name = f"{self._server.path.strip('/')}_bench_{name}_{os.getpid()}"
        self._beside(f'CREATE DATABASE "{self.name}"')

    def _beside(self, statement: str) -> None:
        with psycopg.connect(self._server.geturl(), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def url(self, role: str) -> str:
        return self._server._replace(path=f"/{self.name}", query=f"application_name=bench-{role}").geturl()

    def connect(self) -> None:
        self._connection = psycopg.connect(self.url("itself"), autocommit=True)
        self._connection.execute("SET synchronous_commit = off")
        pid = self._connection.info.backend_pid
        comm = Path(f"/proc/{pid}/comm")
        self.is_here = comm.exists() and comm.read_text().startswith("postgres")

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def count(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])

    def backends(self, role: str) -> list[int]:
        if not self.is_here:
            return []
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = %s"
        return [pid for (pid,) in self._connection.execute(asked, [self.name, f"bench-{role}"])]

    def size(self) -> int:
        return self._connection.execute("SELECT pg_database_size(current_database())").fetchone()[0]

    def drop(self) -> None:
        self._connection.close()
        self._beside(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
