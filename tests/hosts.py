"""Hosts of a site: `manage.py serve` or `work` with an environment of its own, on an address of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

BASE_DIR = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "HOME", "LANG")
PATIENCE = 60  # seconds


def environment(**values: str) -> dict[str, str]:
    """Return the environment of a site that takes nothing over from this process."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {"ENV_FILES": "", "SECRET_KEY": "only-for-tests-" + "h" * 50, "STAFF_SECOND_FACTOR": "off"} | values


def manage(env: dict[str, str], *arguments: str) -> str:
    """Run a command of the site and return what it says."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def until(true: Any, what: str, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Process:
    """A process of the site that writes to a log, and is stopped with all that it has started."""

    env: dict[str, str]
    arguments: list[str]
    log: Path
    process: Any = field(init=False)

    def __post_init__(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *self.arguments],
                cwd=BASE_DIR, env=self.env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Host(Process):
    """A host that serves the site on an address of its own."""

    def __init__(self, env: dict[str, str], address: str, port: int, log: Path, *arguments: str) -> None:
        self.address, self.port = address, port
        command = ["serve", "--host", address, "--port", str(port), "--processes", "1", *arguments]
        super().__init__(env, command, log)
        until(self._answers, "the host did not start")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with suppress(OSError):
            return self.get("/healthz").status == 200
        return False

    def get(self, path: str, cookies: dict[str, str] | None = None) -> Answer:
        return self.ask("GET", path, cookies=cookies)

    def post(self, path: str, fields: dict[str, str], cookies: dict[str, str] | None = None) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields).encode(), kind, cookies)

    def post_json(self, path: str, value: Any, cookies: dict[str, str]) -> Answer:
        kind = {"Content-Type": "application/json", "X-CSRFToken": cookies.get("csrftoken", "")}
        return self.ask("POST", path, json.dumps(value).encode(), kind, cookies)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.address, self.port, timeout=30)
        headers = {"Host": "news.example", "Connection": "close"} | (headers or {})
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        began = time.monotonic()
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read(), time.monotonic() - began)
        finally:
            connection.close()
