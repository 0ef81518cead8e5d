"""`manage.py serve` once everything is prepared: starts the others, says where the site is, watches, and stops them.

It runs for as long as the site does and only waits, so it imports neither Django nor any library: 10 MiB instead of 90.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from newsreader.kit import metrics_folder
from newsreader.operations import handover, listening, plain_lines
from newsreader.operations.plan import Plan, take
from newsreader.operations.supervisor import ServerFailed, Supervisor


def main() -> int:
    """Carry out the plan of `serve`. Returns the exit code: 1 if the server does not stay up."""
    plan = take()
    os.environ.pop(handover.VARIABLE, None)
    reloads = plan.listener is None
    # Whose terminal is closed is told by SIGHUP too, and wants the site to end.
    stopped = Stopped(reloads=not reloads and not (sys.stdin and sys.stdin.isatty()))
    counts = plan.forked.counts if plan.forked else metrics_folder.make_folder()
    if metrics_folder.FOLDER not in os.environ:
        metrics_folder.own(counts)
    environment = os.environ | plan.environment | {metrics_folder.FOLDER: counts}
    plain_lines.to_stderr(plan.log_level, debug=plan.debug, environment=environment, folder=plan.folder)
    if plan.listener is not None:
        os.set_inheritable(plan.listener, False)  # Only the server is given it.
        environment[listening.VARIABLE] = str(plan.listener)
    supervisor = Supervisor(
        plan.server,
        plan.worker,
        environment,
        Path(plan.folder),
        processes=plan.processes,
        listener=plan.listener,
        before=plan.before,
        forked=plan.forked,
    )
    stopped.then, stopped.then_reload = supervisor.ask_to_stop, supervisor.ask_to_reload
    if stopped.asked:
        supervisor.ask_to_stop()
    try:
        if plan.before is None:
            welcome(plan, supervisor, stopped)
        while supervisor.run(hears_web=not reloads):
            handover.execute(supervisor.hand_over())
    except ServerFailed:
        sys.stderr.write("CommandError: The web server does not stay up; see above.\n")
        return 1
    finally:
        supervisor.stop()
        if metrics_folder.FOLDER not in os.environ:
            shutil.rmtree(counts, ignore_errors=True)
    return 0


def welcome(plan: Plan, supervisor: Supervisor, stopped: Stopped) -> None:
    """Print the site's address once it answers."""
    while supervisor.server.runs and not stopped.asked:
        if plan.listener is not None:
            supervisor.pulses.listen(0.05)
            if supervisor.answers():
                break
        elif is_open(plan.host, plan.port):
            break
        else:
            time.sleep(0.05)
    if supervisor.server.runs and not stopped.asked:
        sys.stdout.write(plan.welcome)
        sys.stdout.flush()


class Stopped:
    """Whether SIGINT or SIGTERM has arrived; and who hears of SIGHUP, which asks to stop where nothing `reloads`."""

    def __init__(self, *, reloads: bool) -> None:
        self.asked = False
        self.then: Callable[[], None] = lambda: None
        self.then_reload: Callable[[], None] = lambda: None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGHUP, (lambda number, frame: self.then_reload()) if reloads else self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self.then()


def is_open(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host if host != "0.0.0.0" else "127.0.0.1", port)) == 0  # noqa: S104
