"""What the machine can do, measured in the same rounds: servers that answer constants, and bare inserts."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.bench.speed import processes
from tests.bench.speed.load import Request
from tests.bench.speed.sites import PATIENCE, Site, free_port

UNIT = "template"
KINDS = ("server", "ours", "plain")
# Of which server, which path, and how many at once.
LIMITS = {
    "constant": ("server", "/page/", 1, "constant page on the same server"),
    "constant-16": ("server", "/page/", 16, "the same, 16 at once"),
    "middleware": ("ours", "/page/", 1, "constant view behind our middleware"),
    "django": ("plain", "/page/", 1, "constant view, bare Django"),
    "row": ("plain", "/row/", 1, "one row"),
    "rows": ("plain", "/rows/", 1, "50 rows as JSON"),
    UNIT: ("plain", "/template/", 1, "template over 50 comments: the unit"),
}


def asked(path: str) -> Iterator[Request]:
    while True:
        yield Request(path)


@dataclass
class Server:
    """One server over a site's database, with as many processes as that site."""

    kind: str
    site: Site
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        interface, target = {
            "server": ("rsgi", "constant:application"),
            "plain": ("wsgi", "plain:application"),
            "ours": ("rsgi", "whole_front:application"),
        }[self.kind]
        workers = str(min(2, os.cpu_count() or 1))  # as `serve`
        command = [sys.executable, "-m", "granian", "--interface", interface, target, "--host", "127.0.0.1", "--port"]
        command += [str(self.port), "--workers", workers, "--http", "1", "--no-ws", "--log-level", "error"]
        if interface == "wsgi":
            command += ["--blocking-threads", "4"]
        self._process = subprocess.Popen(
            command,
            cwd=self.site.checkout.path,
            env=self.site.environment(self.kind)
            | {
                "PORT": str(self.port),
                "BENCH_SIZE": str(self.site.page_size()),
                "BENCH_URLS": "constant_view",
                "NEWSREADER_ROLE": "web",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.perf_counter() + PATIENCE
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if self._process.poll() is not None or time.perf_counter() > end:
                raise RuntimeError(f"The server for {self.kind} did not start.")
            time.sleep(0.05)

    def used(self) -> processes.Used:
        return processes.used([*processes.family(self._process.pid), *self.site.database.backends(self.kind)])

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(30)


def commits(site: Site, seconds: float) -> tuple[float, float]:
    """Return milliseconds of processor time of an INSERT with its COMMIT, and how many a second one client makes."""
    text = "x" * 400
    opened: sqlite3.Connection | psycopg.Connection
    backend: list[int] = []
    if site.database.vendor == "SQLite":
        path = Path(site.folder) / "commits.sqlite3"
        opened, key, place = sqlite3.connect(path, isolation_level=None), "integer", "?"
        opened.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
    else:
        opened, key, place = psycopg.connect(site.database.url("commits"), autocommit=True), "bigserial", "%s"
        backend = site.database.backends("commits")
    opened.execute(f"CREATE TABLE IF NOT EXISTS bench_commits (id {key} PRIMARY KEY, text text)")
    insert = f"INSERT INTO bench_commits (text) VALUES ({place})"
    before, own, began, number = processes.used(backend), time.process_time(), time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        opened.execute(insert, [text])
        number += 1
    took = time.perf_counter() - began
    spent = 1000 * (time.process_time() - own) + processes.between(before, processes.used(backend))
    opened.close()
    return spent / number, number / took
