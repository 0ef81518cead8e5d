"""Keeps the web server and the worker running: what ends is started again, what hangs is killed and started again.

A stopped process (SIGSTOP) and one that is stuck look the same from outside, they no longer tell that they live
(`pulse`), and only SIGKILL reaches them.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from newsreader.operations.backoff import Backoff
from newsreader.operations.children import Adopted, end_with_parent, take_in_orphans
from newsreader.operations.handover import PATIENCE, RETIREMENT, Handover, Predecessor, Trial, group_of
from newsreader.operations.leaving import wait_until_left
from newsreader.operations.listening import port_of
from newsreader.operations.plan import Forked
from newsreader.operations.pulse import VARIABLE, Pulses

logger = logging.getLogger(__name__)
WORKER_SILENCE = 60.0  # seconds; with the time to notice and to start, a frozen worker is replaced within 90
WEB_SILENCE = 30.0  # seconds without a sign of life from one web process
SERVER_SILENCE = 60.0  # seconds without a sign of life from any of them: the process that replaces them hangs
TRIES = 5  # starts in a row that the server did not outlive by AT_LEAST
AT_LEAST = 10.0  # seconds


class ServerFailed(Exception):
    """The web server cannot run."""


class Process:
    """A child that is started again when it ends."""

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        folder: Path,
        kept: tuple[int, ...] = (),
        awaited: int | None = None,
        number: int | None = None,
    ) -> None:
        """Start it, unless it runs already, with this `number`; or another is to fork it.

        That one says the number through the pipe that is `awaited`.
        """
        self.name, self.command, self.environment, self.folder = name, command, environment, folder
        self.kept = kept  # descriptors that it inherits
        self.backoff = Backoff()
        self.short = 0  # starts in a row that it did not outlive
        self.start_at = 0.0
        self.awaited = awaited
        self.child: subprocess.Popen[bytes] | Adopted | None = None
        if number is not None:
            self.child, self.started = Adopted(number), time.monotonic()
        elif awaited is None:
            self.start()

    def start(self) -> None:
        # In a session of its own: Ctrl-C reaches only this process, which then stops it in order.
        self.child = subprocess.Popen(  # noqa: S603
            self.command,
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
            pass_fds=self.kept,
            preexec_fn=partial(end_with_parent, os.getpid()) if sys.platform == "linux" else None,
        )
        self.started = time.monotonic()

    @property
    def runs(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def watch(self) -> None:
        """Note that it has ended, and start it again when its time has come."""
        self.take_up()
        now = time.monotonic()
        if self.awaited is not None:
            return
        if self.child is None:
            if now >= self.start_at:
                self.start()
        elif (code := self.child.poll()) is not None:
            self.kill()  # Whatever it has left.
            self.short = self.short + 1 if now - self.started < AT_LEAST else 0
            wait = self.backoff.failed()
            self.child, self.start_at = None, now + wait
            logger.error("The %s has ended with code %s and is started again in %.0f s.", self.name, code, wait)

    def take_up(self, seconds: float = 0.0) -> None:
        """Note the number of what another has forked, once it is told. One that ends before leaves it to be started."""
        if self.awaited is None or not select.select([self.awaited], [], [], seconds)[0]:
            return
        if number := os.read(self.awaited, 32):
            self.child, self.started = Adopted(int(number)), time.monotonic()
        os.close(self.awaited)
        self.awaited = None
        take_in_orphans(False)  # Others' are not ours to wait for.

    def terminate(self) -> None:
        """Ask it to end."""
        if self.runs and self.child is not None:
            self.child.terminate()

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
    """Runs until it is asked to stop. Raises ServerFailed when the server does not outlive its starts.

    `listener` is the descriptor of the socket on which the server finds its readers. `before`: what runs already, since
    `serve` has just become another release (`newsreader.operations.handover`). `forked`: the first server, which runs
    already and forks the first worker (`newsreader.operations.forked_server`).
    """

    def __init__(
        self,
        server: list[str],
        worker: list[str] | None,
        environment: dict[str, str],
        folder: Path,
        *,
        processes: int = 1,
        listener: int | None = None,
        before: Handover | None = None,
        forked: Forked | None = None,
    ) -> None:
        heard = forked or before
        self.pulses = Pulses(heard.pulse_path, heard.pulse) if heard else Pulses()
        environment = environment | {VARIABLE: self.pulses.path}
        kept = () if listener is None else (listener,)
        number, awaited = (forked.server, forked.awaited) if forked else (None, None)
        self.server = Process("web server", server, environment, folder, kept, number=number)
        self.worker = Process("worker", worker, environment, folder, awaited=awaited) if worker else None
        self.processes_of_web, self.listener = processes, listener
        self.port = 0 if listener is None else port_of(listener)
        self.predecessor = Predecessor(before) if before else None
        self.trial: Trial | None = None
        self.stopped = self.hurried = self.asked_to_reload = False

    @property
    def processes(self) -> list[Process]:
        return [process for process in (self.server, self.worker) if process is not None]

    def ask_to_stop(self) -> None:
        """Let `run` return, and the second time have `stop` hurry. A handler of signals may call it."""
        self.stopped, self.hurried = True, self.stopped

    def ask_to_reload(self) -> None:
        """Let `run` return True once this process may become what the code is now."""
        self.asked_to_reload = True

    def run(self, *, hears_web: bool) -> bool:
        """Watch until stopped. `hears_web`: whether the web processes tell that they live.

        Returns whether to go on as what the code is now.
        """
        while not self.stopped:
            self.pulses.listen(0.2)
            for process in self.processes:
                process.watch()
            self.watch_predecessor()
            if self.server.short >= TRIES and self.predecessor is None:
                raise ServerFailed
            self.end_what_hangs(hears_web=hears_web)
            if self.may_reload():
                return True
        return False

    def answers(self) -> bool:
        """Say whether every web process of the server has been heard."""
        if not self.server.runs or self.server.child is None:
            return False
        heard = [number for kind, number in self.pulses.heard if kind == "web"]
        return sum(group_of(number) == self.server.child.pid for number in heard) >= self.processes_of_web

    def watch_predecessor(self) -> None:
        if self.predecessor is None:
            return
        if not self.predecessor.retires and self.answers():
            logger.info("The new web processes answer. The old ones end in %.0f s.", RETIREMENT)
            self.predecessor.retire()
        if self.predecessor.is_gone():
            logger.info("The web server and the worker have been replaced.")
            self.predecessor = None
        elif not self.predecessor.retires and time.monotonic() - self.server.started > SERVER_SILENCE:
            logger.error("The new web processes do not answer and are started again. The old ones go on.")
            self.server.kill()

    def may_reload(self) -> bool:
        """Take a step towards becoming what the code is now. Returns whether it has shown that it can start."""
        if self.asked_to_reload and self.trial is None and not (self.predecessor and self.predecessor.retires):
            self.asked_to_reload, self.trial = False, Trial()
        if self.trial is None or (code := self.trial.ended()) is None:
            return False
        self.trial = None
        if code:
            logger.error("The site cannot start anew, see above. It goes on as it was.")
        return code == 0

    def hand_over(self) -> Handover:
        """Return what has to outlive this program. What answers no readers yet is ended."""
        if self.predecessor:
            self.server.kill()
        if self.worker:
            self.worker.take_up(PATIENCE)
        server, worker = self.server.child, self.worker and self.worker.child
        if self.predecessor:
            server = None
        return Handover(
            listener=-1 if self.listener is None else self.listener,
            pulse=self.pulses.socket.fileno(),
            pulse_path=self.pulses.path,
            servers=[*([server.pid] if server else []), *(self.predecessor.servers if self.predecessor else [])],
            workers=[*([worker.pid] if worker else []), *(self.predecessor.workers if self.predecessor else [])],
        )

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
        """End every process and its children: with SIGTERM, then with SIGKILL. The server's clients leave first."""
        deadline = time.monotonic() + PATIENCE
        if self.trial:
            self.trial.child.kill()
        if self.worker:
            self.worker.terminate()
        if self.listener is not None:
            os.close(self.listener)
            self.listener = None
            self.let_leave()
        self.server.terminate()
        if self.predecessor:
            self.predecessor.terminate()
        children = [process.child for process in self.processes if process.child is not None]
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
        for process in self.processes:
            process.take_up(1.0)  # The server's end tells whether it has forked one.
            process.kill()
        if self.predecessor:
            self.predecessor.end_by(deadline)
        self.pulses.close()

    def let_leave(self) -> None:
        """Have the web processes let nobody in any more, and those out who are there."""
        if self.predecessor and not self.predecessor.retires:
            self.predecessor.retire()
        if self.server.runs and self.server.child:
            self.server.child.send_signal(signal.SIGUSR1)
        wait_until_left(self.port, lambda: self.hurried)


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        pass
