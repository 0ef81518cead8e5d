"""A site as `manage.py serve` runs it, with its processes: which there are, and what signals do to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.faults.limits import named
from tests.faults.load import ask
from tests.faults.ports import free_port, until

CHECKOUT = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG")
GLANCE = 3.0  # seconds that a look at whether all is well takes at most


class Site:
    def __init__(self, folder: Path, processes: int, **environment: str) -> None:
        self.processes, self.port, self.log = processes, free_port(), folder / "serve.log"
        self.environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "ENV_FILES": "",
            "SECRET_KEY": "only-for-broken-sites-" + "f" * 50,
            "PORT": str(self.port),
            "TRUSTED_PROXY_COUNT": "1",  # The load plays many networks.
            "STAFF_SECOND_FACTOR": "off",
            "DJANGO_SETTINGS_MODULE": "newsreader.settings",
            "PYTHONUNBUFFERED": "1",
        }
        self.environment |= environment
        self.serve: subprocess.Popen[bytes] | None = None
        self.articles: list[int] = []
        self.pages: list[str] = []
        self.pictures: list[str] = []

    def prepare(self) -> None:
        command = [sys.executable, "-m", "tests.faults.prepare"]
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, check=False, umask=0o077
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        vars(self).update(json.loads(done.stdout))

    def start(self, **more: str) -> None:
        """Start `serve`, and wait until everything answers."""
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "serve", "--processes", str(self.processes)]
            self.serve = subprocess.Popen(
                command, cwd=CHECKOUT, env=self.environment | more, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: self.serve is not None and (self.serve.poll() is not None or self.is_whole()), "no start")
        if self.serve.poll() is not None:
            raise RuntimeError(f"serve ended with {self.serve.returncode}: {self.log.read_text()[-2000:]}")
        until(lambda: self._answers("/readyz"), "not ready")
        self._show_all()

    def _show_all(self) -> None:
        """Have every web process answer every page: each keeps its own last good answers."""
        processes = self.family()["web"]
        for one in processes:
            others = [number for number in processes if number != one]
            for other in others:
                _signal(other, signal.SIGSTOP)
            try:
                for page in self.pages:
                    ask(self.port, "GET", page, timeout=GLANCE)
            finally:
                for other in others:
                    _signal(other, signal.SIGCONT)

    def stop(self) -> None:
        """Stop it for good, whatever state it is in."""
        if self.serve is None:
            return
        family = self.family()
        if self.serve.poll() is None:
            self.serve.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.serve.wait(30)
        for number in [self.serve.pid, *(number for numbers in family.values() for number in numbers)]:
            _signal(number, signal.SIGKILL)
        self.serve.wait()

    @property
    def runs(self) -> bool:
        return self.serve is not None and self.serve.poll() is None

    def family(self) -> dict[str, list[int]]:
        """Return the processes below `serve`: `server` (the web processes' parent), `web`, `worker`."""
        found: dict[str, list[int]] = {"server": [], "web": [], "worker": []}
        if not self.runs or self.serve is None:
            return found
        for child in _children(self.serve.pid):
            words = _command(child)
            if "manage.py work" in words:
                found["worker"].append(child)
            elif "manage.py web" in words:
                found["server"].append(child)
                found["web"] += [number for number in _children(child) if "manage.py web" in _command(number)]
        return found

    def is_whole(self) -> bool:
        family = self.family()
        whole = len(family["web"]) == self.processes and len(family["worker"]) == 1
        return whole and self._answers("/healthz")

    def _answers(self, path: str) -> bool:
        return ask(self.port, "GET", path, timeout=GLANCE)[0] == 200

    def ails(self) -> str:
        """Say what is not well: a process, pages, or what `/readyz` looks at; empty if all is."""
        family = self.family()
        for kind, count in (("web", self.processes), ("worker", 1)):
            if len(family[kind]) != count:
                return f"{len(family[kind])} processes are {kind}"
            if any(map(_is_stopped, family[kind])):
                return f"the {kind} process is stopped"
        for path in ("/healthz", "/readyz", *self.pages[:1]):
            status, _headers, body = ask(self.port, "GET", path, timeout=GLANCE)
            if status != 200:
                return f"{path} is answered {named(status)} {body[:80] if path == '/readyz' else ''}".strip()
        return ""

    def signal(self, kind: str, number: int) -> int:
        """Send a signal to the first process of a kind. Returns its number."""
        victim = self.family()[kind][0]
        _signal(victim, number)
        return victim


def _signal(number: int, what: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, what)


def _children(number: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{number}/task").iterdir():
            with suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
    return found


def _command(number: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _is_stopped(number: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] in {"T", "Z"}
    return True
