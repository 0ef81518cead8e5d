"""Whole requests over a socket to the real server, as their list writes them."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from newsreader.settings import BASE_DIR
from tests.attack.lists import Attack
from tests.attack.tally import Tally
from tests.databases import TEMPLATE

PATIENCE = 180.0  # seconds for the site to start


class Wire:
    def __init__(self, port: int):
        self.port = port

    def send(self, raw: bytes, *, wait: float = 5.0) -> tuple[int, float, bytes]:
        """Send bytes; return the status (0: hung up without an answer), the milliseconds until it began, the answer."""
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as line:
            try:
                line.sendall(raw)
                answer = line.recv(65_536)
            except TimeoutError:
                return -1, (time.perf_counter() - start) * 1000, b""
            except OSError:
                return 0, (time.perf_counter() - start) * 1000, b""
        found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        return int(found[1]) if found else 0, (time.perf_counter() - start) * 1000, answer

    def is_up(self) -> bool:
        try:
            return self.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Wire]:
    """The site as `manage.py serve` runs it, on loopback, with a database of its own."""
    folder: Path = tmp_path_factory.mktemp("wire")
    if settings.SQLITE:  # Sooner than to migrate another.
        shutil.copyfile(TEMPLATE, folder / "site.sqlite3")
        (folder / "site.sqlite3").chmod(0o600)  # Else the site refuses to start.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment = kept | {
        "ENV_FILES": "", "SECRET_KEY": "s" * 50, "DEMO_PASSWORD": "open-sesame", "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3", "STAFF_SECOND_FACTOR": "off",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "serve", "--prepare"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=log, stderr=log)
        wire, deadline = Wire(port), time.monotonic() + PATIENCE
        while not wire.is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the site did not start: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.2)
        yield wire
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def raw(attack: Attack) -> bytes:
    """Return the bytes of a request as its row says them."""
    row = attack.row
    if row.get("encoded_request"):
        return base64.b64decode(row["encoded_request"])
    body = (row.get("data") or "").encode("utf-8", "surrogatepass")
    headers = dict(row.get("headers") or {})
    names = {name.lower() for name in headers}
    if body and not names & {"content-length", "transfer-encoding"}:
        headers["Content-Length"] = str(len(body))
    head = f"{row['method']} {row.get('uri') or '/'} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if "connection" not in names:
        head += "Connection: close\r\n"
    return head.encode("utf-8", "surrogatepass") + b"\r\n" + body


def requests(wire: Wire, tally: Tally, attacks: list[Attack]) -> None:
    """No request gets an answer of 500 or more, keeps the line open without one, or takes the server down."""
    surface = "over a socket"
    for attack in attacks:
        data = raw(attack)
        status, took, _ = wire.send(data)
        if took > 500 and status > 0:
            status, again, _ = wire.send(data)
            took = min(took, again)
        what = f"{attack.row.get('rule')}/{attack.row.get('test')} {data[:160]!r}"
        tally.tried(surface, attack.list, refused=400 <= status < 500 or status == 0)
        if status >= 0:
            tally.took(surface, attack.list, took, what)
        elif _is_whole(data):  # A server waits for what was announced and does not come.
            tally.fault("error", surface, attack.list, f"no answer to {what}")
        if status >= 500:
            tally.fault("error", surface, attack.list, f"{status} to {what}")
    if not wire.is_up():
        tally.fault("error", surface, attacks[0].list, "the server is gone")


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    announced = re.findall(rb"(?im)^content-length:[ \t]*(\d+)", head)
    return bool(end) and all(int(length) <= len(body) for length in announced) and b"chunked" not in head.lower()
