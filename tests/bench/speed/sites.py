"""Sites that are measured: a checkout with a database, its web processes and its worker, each started as for real.

On SQLite as `make run` starts it, on PostgreSQL as production does: `serve --no-worker`, and `work` beside it, so that
a request's cost and what it leaves to the worker are told apart.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.speed import processes
from tests.bench.speed.databases import PostgreSQL, SQLite

ROOT = Path(__file__).resolve().parents[3]
INSIDE = Path(__file__).parent / "inside"
PATIENCE = 120  # seconds for a start on a busy machine
KEPT = ("PATH", "HOME", "LANG")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Checkout:
    """Code to measure: `here`, or another commit in a worktree of its own."""

    label: str
    path: Path = ROOT

    @classmethod
    def of_commit(cls, commit: str, folder: Path) -> Checkout:
        name = subprocess.run(
            ["git", "rev-parse", "--short", f"{commit}^{{commit}}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        path = folder / name
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(path), name], cwd=ROOT, check=True)
        return cls(name, path)

    def remove(self) -> None:
        if self.path != ROOT:
            subprocess.run(["git", "worktree", "remove", "--force", str(self.path)], cwd=ROOT, check=False)


@dataclass
class Site:
    checkout: Checkout
    database: SQLite | PostgreSQL
    folder: Path
    port: int = field(default_factory=free_port)
    world: dict[str, Any] = field(default_factory=dict)  # what `inside/fill.py` has loaded
    figures: dict[str, float] = field(default_factory=dict)  # of the whole site, not of a request
    growth: list[float] = field(default_factory=list)  # bytes of the database for each post
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.database.vendor}, {self.checkout.label}"

    def environment(self, role: str = "web") -> dict[str, str]:
        given = {name: os.environ[name] for name in KEPT if name in os.environ}
        if self.database.vendor == "PostgreSQL" and "REDIS_URL" in os.environ:
            given["REDIS_URL"] = os.environ["REDIS_URL"]
        return given | {
            "ENV_FILES": "",
            "SECRET_KEY": "only-for-the-bench-" + "b" * 50,
            "PORT": str(self.port),
            "TRUSTED_PROXY_COUNT": "1",  # Every request says where it is from: one network alone meets limits.
            "STAFF_SECOND_FACTOR": "off",
            "EMAIL_URL": "dummymail://",
            "STORAGE_URL": f"file://{self.folder}/media",
            "BENCH_STATIC": f"{self.folder}/static-{self.checkout.label}",
            "DATABASE_URL": self.database.url(role),
            "DJANGO_SETTINGS_MODULE": "bench_settings",
            "PYTHONPATH": f"{self.checkout.path}{os.pathsep}{INSIDE}",
        }

    def call(self, *command: str) -> str:
        """Run a script with the site's code and settings. Returns what it printed; raises if it failed."""
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.checkout.path,
            env=self.environment("itself"),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.label}: {command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def fill(self, data: Path) -> None:
        self.world = json.loads(self.call(str(INSIDE / "fill.py"), str(data)).splitlines()[-1])
        self.database.connect()
        self.figures["database, bytes per comment"] = self.database.size() / self.world["comments"]

    def cost_of(self, *command: str) -> tuple[float, float]:
        """Return seconds of processor time, and seconds on the clock, of a command."""
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        self.call(*command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - began

    def start(self) -> float:
        """Start the processes. Returns seconds until the front page was answered."""
        took = self._start("--no-worker")
        self._run("worker", "work")
        return took

    def start_whole(self) -> float:
        """Start what `serve` does by itself: two web processes, and the worker that shares their memory."""
        return self._start("--processes", "2")

    def _start(self, *options: str) -> float:
        began = time.perf_counter()
        self._run("web", "serve", "--port", str(self.port), *options)
        while not self._answers():
            if self.running["web"].poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError(f"{self.label} did not start:\n{self._log.read_text()[-3000:]}")
            time.sleep(0.02)
        return time.perf_counter() - began

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.database.vendor}-{self.checkout.label}.log"

    def _run(self, role: str, *command: str) -> None:
        with self._log.open("ab") as log:
            self.running[role] = subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=self.checkout.path,
                env=self.environment(role),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        with suppress(OSError):
            return bool(self.page("/"))
        return False

    def page(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read()

    def page_size(self) -> int:
        """Return the bytes of the article page that is asked for again and again."""
        return len(self.page(self.world["articles"]["1"][0]))

    def etag(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.headers.get("ETag", "")

    def stored(self) -> int:
        """Return how many comments there are."""
        return self.database.count("comments_comment")

    def used(self, role: str) -> processes.Used:
        """Return the processor time of `web` or `worker` so far, that of their connections included."""
        return processes.used([*processes.family(self.running[role].pid), *self.database.backends(role)])

    def memory(self) -> float:
        return processes.memory(pid for role in self.running.values() for pid in processes.family(role.pid))

    def settle(self, role: str = "web") -> None:
        processes.settle(lambda: self.used(role))

    def rest(self) -> None:
        """Wait until the worker has done what it found at its start. On SQLite it pauses between its writes."""
        processes.settle(lambda: self.used("web"), quiet=3.0, most=180.0)

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self.running = {}
