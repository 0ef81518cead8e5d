"""From one release to the next without a gap: on SIGHUP, `manage.py serve` becomes what its own command leads to now.

1. A trial: `manage.py serve --check` of the new release. Where it cannot start, nothing changes.
2. The command executes the new release. It stays the same process, with its number, its children and the open socket.
3. It starts new web processes and a new worker. Once they answer, the old ones retire: they take no more connections,
   and have every client close the one it has. Connections that are idle run out meanwhile.
4. After RETIREMENT seconds the old ones are ended.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from newsreader.operations import plan
from newsreader.operations.plan import Handover

logger = logging.getLogger(__name__)
VARIABLE = "NEWSREADER_HANDOVER"
PATIENCE = 15  # seconds that a process gets to finish what it is doing
RETIREMENT = 11.0  # seconds; longer than an idle connection lives (`newsreader.request_limits.HEAD_SECONDS`)
TRIAL_SECONDS = 120.0


def taken_over() -> Handover | None:
    """Return what the release before has left to this process; None at an ordinary start."""
    text = os.environ.pop(VARIABLE, "")
    return Handover(**json.loads(text)) if text else None


def first_environment() -> dict[str, str]:
    """Return the environment as it was before any `.env` was read, so that the next release reads its own."""
    try:
        pairs = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return dict(os.environ)
    known = (os.fsdecode(pair).partition("=") for pair in pairs if pair)
    return {name: value for name, _, value in known if name not in {VARIABLE, plan.VARIABLE}}


def command() -> list[str]:
    """Return the command that started us. Its paths lead to the new release where a link on their way does."""
    return [sys.executable, *sys.orig_argv[1:]]


def execute(handover: Handover) -> None:
    """Become what the command leads to now. Returns only where that cannot be."""
    # Until the new program listens for it: by default it would end us.
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for descriptor in (handover.listener, handover.pulse):
        os.set_inheritable(descriptor, True)
    environment = first_environment() | {VARIABLE: json.dumps(asdict(handover))}
    try:
        if (folder := Path(sys.argv[0]).parent).is_absolute():
            os.chdir(folder)  # The old release's may be removed one day.
        os.execve(sys.executable, command(), environment)  # noqa: S606
    except OSError:
        logger.exception("The site cannot start anew, and goes on as it was.")
        signal.signal(signal.SIGHUP, before)


class Trial:
    """A run of the new release that only says whether it could start."""

    def __init__(self) -> None:
        self.child = subprocess.Popen([*command(), "--check"], env=first_environment())  # noqa: S603
        self.until = time.monotonic() + TRIAL_SECONDS

    def ended(self) -> int | None:
        """Return its exit code; None while it runs."""
        if self.child.poll() is None and time.monotonic() > self.until:
            self.child.kill()
            self.child.wait()
        return self.child.poll()


class Predecessor:
    """What the release before has started. It is our child still, since we are the same process."""

    def __init__(self, handover: Handover) -> None:
        self.servers, self.workers = list(handover.servers), list(handover.workers)
        self.retires = False
        self._terminate_at = self._kill_at = float("inf")

    def retire(self) -> None:
        """Have it answer what is there and take nothing new."""
        self.retires = True
        for server in self.servers:
            _signal_group(server, signal.SIGUSR1)
        for worker in self.workers:
            _signal(worker, signal.SIGTERM)
        self._terminate_at = time.monotonic() + RETIREMENT

    def is_gone(self) -> bool:
        """Take the next step if its time has come. Returns whether nothing is left."""
        now = time.monotonic()
        if now >= self._terminate_at:
            self.terminate()
        if now >= self._kill_at:
            self._kill()
        self.servers = [server for server in self.servers if _runs(server)]
        self.workers = [worker for worker in self.workers if _runs(worker)]
        return not self.servers and not self.workers

    def terminate(self) -> None:
        """Ask it to end. A worker that retires has been asked, and would take a second time for haste."""
        for number in self.servers if self.retires else (*self.servers, *self.workers):
            _signal(number, signal.SIGTERM)
        self._terminate_at, self._kill_at = float("inf"), time.monotonic() + PATIENCE

    def end_by(self, deadline: float) -> None:
        """Wait for its end, and kill what is left then."""
        while not self.is_gone() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._kill()

    def _kill(self) -> None:
        for number in (*self.servers, *self.workers):
            _signal_group(number, signal.SIGKILL)


def group_of(number: int) -> int:
    """Return the group of a process; 0 where it is gone."""
    try:
        return os.getpgid(number)
    except ProcessLookupError:
        return 0


def _signal(number: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, what)


def _signal_group(number: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(number, what)


def _runs(number: int) -> bool:
    try:
        return os.waitpid(number, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False
