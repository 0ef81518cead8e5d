"""What is started stays up: real processes that end, hang, or never start."""

import os
import signal
import sys
import time

import pytest

from newsreader.operations import supervisor as supervising
from newsreader.operations.supervisor import ServerFailed, Supervisor

# Tells that it lives, as ours do, until it is stopped.
LIVES = [
    sys.executable,
    "-c",
    "import sys, time; from newsreader.operations import pulse; pulse.EVERY = 0.1;"
    "pulse.keep_sending(sys.argv[1]); time.sleep(600)",
]
ENDS = [sys.executable, "-c", "raise SystemExit(3)"]
SOON = 20  # seconds


@pytest.fixture
def started(settings, monkeypatch):
    """Start a supervisor whose patience is short. Returns it with a way to let it watch until something is so."""
    monkeypatch.setattr(supervising, "WORKER_SILENCE", 1.0)
    monkeypatch.setattr(supervising, "WEB_SILENCE", 1.0)
    monkeypatch.setattr(supervising, "SERVER_SILENCE", 5.0)
    monkeypatch.setattr(supervising.Backoff, "failed", lambda self: 0.1)
    made = []

    def start(server, worker):
        made.append(Supervisor(server, worker, dict(os.environ), settings.BASE_DIR))
        return made[-1]

    yield start
    for each in made:
        each.stop()


def watch(watched, until):
    deadline = time.monotonic() + SOON
    while not until():
        assert time.monotonic() < deadline
        watched.pulses.listen(0.05)
        for process in watched.processes:
            process.watch()
        watched.end_what_hangs(hears_web=True)


def test_a_worker_that_ends_or_hangs_is_replaced_while_the_web_goes_on(started):
    site = started([*LIVES, "web"], [*LIVES, "worker"])
    web, first = site.server.child.pid, site.worker.child.pid
    watch(site, lambda: site.pulses.last("worker") and site.pulses.last("web"))

    os.kill(first, signal.SIGKILL)
    watch(site, lambda: site.worker.runs and site.worker.child.pid != first)
    second = site.worker.child.pid
    watch(site, lambda: site.pulses.last("worker") > site.worker.started)
    os.kill(second, signal.SIGSTOP)
    watch(site, lambda: site.worker.runs and site.worker.child.pid != second)

    assert site.server.child.pid == web


def test_a_web_process_that_hangs_is_killed(started):
    site = started([*LIVES, "web"], None)
    first = site.server.child.pid
    watch(site, lambda: site.pulses.last("web"))

    os.kill(first, signal.SIGSTOP)
    watch(site, lambda: site.server.runs and site.server.child.pid != first)
    watch(site, lambda: site.pulses.last("web") > site.server.started)


def test_a_server_that_does_not_stay_up_ends_everything(started):
    site = started(ENDS, [*LIVES, "worker"])

    with pytest.raises(ServerFailed):
        site.run(hears_web=True)


def test_all_of_it_stops_when_asked(started):
    site = started([*LIVES, "web"], [*LIVES, "worker"])
    children = [site.server.child, site.worker.child]

    site.ask_to_stop()
    site.run(hears_web=True)
    site.stop()

    assert all(child.poll() is not None for child in children)
