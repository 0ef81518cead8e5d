"""The site as it runs for real: `manage.py serve` and what it starts, over the scratch database; and its visitors."""

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
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser
from django.test import Client

from newsreader.settings import BASE_DIR
from tests.bench.scratch import ENVIRONMENT, HOME, PORT

PATIENCE = 90  # seconds that a start or an end may take on a busy machine
CSRF = "c" * 32


def until(true, what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


class Processes:
    """`serve` with its web processes and its worker, to be started, looked at, killed and stopped."""

    def __init__(self, count: int, **environment: str):
        self.count = count
        self.environment = ENVIRONMENT | environment
        self.log = HOME / "serve.log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.serve = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--processes", str(self.count), "--port", str(PORT)],
                cwd=BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self.is_whole, "the site did not start")

    def is_whole(self) -> bool:
        if self.serve.poll() is not None:
            raise RuntimeError(f"serve ended with {self.serve.returncode}")
        kinds = [kind for _, kind in self.family()]
        whole = kinds.count("web") == self.count and "worker" in kinds
        return whole and Visitor().get("/healthz")[0] == 200

    def family(self) -> list[tuple[int, str]]:
        """Return the processes with what each is: `serve`, `server` (the web processes' parent), `web`, `worker`."""
        listed = subprocess.run(["ps", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True)
        found = []
        for line in listed.stdout.splitlines():
            pid, stat, args = line.split(None, 2)
            if not stat.startswith("Z") and (kind := _kind(args, stat, int(pid))):
                found.append((int(pid), kind))
        return found

    def kill(self, kinds: set[str], *, one: bool = False) -> None:
        """Kill with signal 9, all at once, whatever is of these kinds; of `one`, the first alone."""
        victims = [pid for pid, kind in self.family() if kind in kinds]
        for pid in victims[:1] if one else victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def gone(self) -> bool:
        self.serve.poll()  # A zombie is nobody.
        return not self.family()

    def stop(self) -> None:
        if self.serve.poll() is None:
            self.serve.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.serve.wait(30)
        self.kill({"serve", "server", "web", "worker"})


def _kind(args: str, stat: str, pid: int) -> str:
    """Say what one of our processes is, by its command and by our port in its environment; empty: not ours."""
    # The server leads a session of its own; the web processes are its forks and look like it.
    names = {
        "manage.py serve": "serve",
        "manage.py work": "worker",
        "manage.py web": "server" if "s" in stat else "web",
    }
    kind = next((kind for words, kind in names.items() if words in args), "")
    if not kind:
        return ""
    with suppress(OSError):
        if f"PORT={PORT}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            return kind
    return ""


@dataclass
class Visitor:
    """A browser or a program: its network, and its session where it is signed in."""

    address: str = "192.0.2.1"
    cookies: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, user: AbstractBaseUser, address: str) -> "Visitor":
        client = Client()
        client.force_login(user)
        return cls(address, {"sessionid": client.cookies["sessionid"].value, "csrftoken": CSRF})

    def get(self, path: str):
        return self._ask("GET", path)

    def post(self, path: str, fields: dict[str, str]):
        """Send a form. Returns status, Location, body; status 0 where the answer never came."""
        token = {"csrfmiddlewaretoken": CSRF} if self.cookies else {}
        return self._ask("POST", path, urlencode(fields | token), "application/x-www-form-urlencoded")

    def post_json(self, path: str, fields: dict[str, object], key: str = ""):
        return self._ask("POST", path, json.dumps(fields), "application/json", {"Idempotency-Key": key})

    def _ask(self, method: str, path: str, body: str = "", kind: str = "", more: dict[str, str] | None = None):
        headers = {"X-Forwarded-For": self.address, "Connection": "close"} | (more or {})
        if kind:
            headers |= {"Content-Type": kind}
        if self.cookies:
            headers |= {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            headers |= {"X-CSRFToken": CSRF}
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location", ""), answer.read()
        except (OSError, http.client.HTTPException):
            return 0, "", b""
        finally:
            connection.close()
