"""Keeps the web server and the worker running: what ends is started again, what hangs is killed and started again.

A stopped process (SIGSTOP) and one that is stuck look the same from outside, they no longer tell that they live
(`pulse`), and only SIGKILL reaches them.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from newsreader.operations.backoff import Backoff
from newsreader.operations.pulse import VARIABLE, Pulses

logger = logging.getLogger(__name__)
PATIENCE = 15  # seconds that a process gets to finish what it is doing
WORKER_SILENCE = 60.0  # seconds; with the time to notice and to start, a frozen worker is replaced within 90
WEB_SILENCE = 30.0  # seconds without a sign of life from one web process
SERVER_SILENCE = 60.0  # seconds without a sign of life from any of them: the process that replaces them hangs
TRIES = 5  # starts in a row that the server did not outlive by AT_LEAST
AT_LEAST = 10.0  # seconds


class ServerFailed(Exception):
    """The web server cannot run."""


class Process:
    """A child that is started again when it ends."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.name, self.command, self.environment, self.folder = name, command, environment, folder
        self.backoff = Backoff()
        self.short = 0  # starts in a row that it did not outlive
        self.start_at = 0.0
        self.start()

    def start(self) -> None:
        # In a session of its own: Ctrl-C reaches only this process, which then stops it in order.
        self.child: subprocess.Popen[bytes] | None = subprocess.Popen(  # noqa: S603
            self.command,
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        self.started = time.monotonic()

    @property
    def runs(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def watch(self) -> None:
        """Note that it has ended, and start it again when its time has come."""
        now = time.monotonic()
        if self.child is None:
            if now >= self.start_at:
                self.start()
        elif (code := self.child.poll()) is not None:
            self.kill()  # Whatever it has left.
            self.short = self.short + 1 if now - self.started < AT_LEAST else 0
            wait = self.backoff.failed()
            self.child, self.start_at = None, now + wait
            logger.error("The %s has ended with code %s and is started again in %.0f s.", self.name, code, wait)

    def kill(self) -> None:
        """End it and its children at once."""
        if self.child is not None:
            try:
                os.killpg(self.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.child.wait()

    def heard(self, pulses: Pulses, what: str) -> float:
        """Return when it was last heard; its start counts."""
        return max(self.started, pulses.last(what))


class Supervisor:
    """Runs until it is asked to stop. Raises ServerFailed when the server does not outlive its starts."""

    def __init__(self, server: list[str], worker: list[str] | None, environment: dict[str, str], folder: Path) -> None:
        self.pulses = Pulses()
        environment = environment | {VARIABLE: self.pulses.path}
        self.server = Process("web server", server, environment, folder)
        self.worker = Process("worker", worker, environment, folder) if worker else None
        self.stopped = False

    @property
    def processes(self) -> list[Process]:
        return [process for process in (self.server, self.worker) if process is not None]

    def ask_to_stop(self) -> None:
        """Let `run` return; a handler of signals may call it."""
        self.stopped = True

    def run(self, *, hears_web: bool) -> None:
        """Watch until stopped. `hears_web`: whether the web processes tell that they live."""
        while not self.stopped:
            self.pulses.listen(0.2)
            for process in self.processes:
                process.watch()
            if self.server.short >= TRIES:
                raise ServerFailed
            self.end_what_hangs(hears_web=hears_web)

    def end_what_hangs(self, *, hears_web: bool) -> None:
        now = time.monotonic()
        if self.worker and self.worker.runs and now - self.worker.heard(self.pulses, "worker") > WORKER_SILENCE:
            logger.error("The worker has not been heard for %.0f s and is replaced.", WORKER_SILENCE)
            self.worker.kill()
        if not hears_web or not self.server.runs:
            return
        for number in self.pulses.silent("web", WEB_SILENCE):
            logger.error("A web process (%s) has not been heard for %.0f s and is replaced.", number, WEB_SILENCE)
            _kill(number)
        if now - self.server.heard(self.pulses, "web") > SERVER_SILENCE:
            logger.error("The web server has not been heard for %.0f s and is replaced.", SERVER_SILENCE)
            self.server.kill()

    def stop(self) -> None:
        """End every process and its children: with SIGTERM, then with SIGKILL."""
        children = [process.child for process in self.processes if process.child is not None]
        for child in children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + PATIENCE
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
        for process in self.processes:
            process.kill()
        self.pulses.close()


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _end_with_parent() -> None:
    """Have the kernel stop this process when its parent dies, even of SIGKILL."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
