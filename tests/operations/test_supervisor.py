"""What is started stays up: real processes that end, hang, or never start."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from newsreader.operations import handover, leaving, listening
from newsreader.operations import supervisor as supervising
from newsreader.operations.children import take_in_orphans
from newsreader.operations.handover import Handover
from newsreader.operations.plan import Forked
from newsreader.operations.pulse import VARIABLE, Pulses
from newsreader.operations.supervisor import ServerFailed, Supervisor
from newsreader.settings import BASE_DIR

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

    def start(server, worker, before=None):
        made.append(Supervisor(server, worker, dict(os.environ), settings.BASE_DIR, before=before))
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


def watch_all(watched, until):
    watch(watched, lambda: watched.watch_predecessor() or until())


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


def test_a_child_whose_parent_has_died_before_it_could_ask_to_be_told_ends_too(settings):
    late = (
        "import os, time\n"
        "from newsreader.operations.children import end_with_parent\n"
        "parent = os.getpid()\n"
        "if not os.fork():\n"
        "    while os.getppid() == parent: time.sleep(0.01)\n"
        "    end_with_parent(parent)\n"
        "    print('It goes on.')\n"
    )
    said = subprocess.run([sys.executable, "-c", late], cwd=settings.BASE_DIR, capture_output=True, timeout=SOON)

    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


def test_whoever_is_connected_is_waited_for_unless_it_is_asked_to_stop_once_more(settings, monkeypatch):
    monkeypatch.setattr(leaving, "LINGER", 600.0)
    stays = [*LIVES[:2], f"import signal; signal.signal(signal.SIGUSR1, print); {LIVES[2]}", "web"]
    for asked in (2, 1):
        listener = listening.take("127.0.0.1", 0, 5)
        with pytest.raises(ConnectionRefusedError):  # until a web process listens
            socket.create_connection(listener.getsockname())
        listener.listen(5)
        client = socket.create_connection(listener.getsockname())
        site = Supervisor(stays, None, dict(os.environ), settings.BASE_DIR, listener=listener.detach())
        stopping = threading.Thread(target=site.stop)
        watch(site, lambda site=site: site.pulses.last("web"))

        site.ask_to_stop()
        stopping.start()
        if asked == 1:
            assert not stops_soon(stopping)
            os.kill(site.server.child.pid, signal.SIGKILL)  # and the client's connection with it
        else:
            site.ask_to_stop()
        stopping.join(SOON)
        assert not stopping.is_alive()
        client.close()


def stops_soon(thread):
    thread.join(1)
    return not thread.is_alive()


@pytest.fixture
def former(monkeypatch):
    """A web process and a worker that a release before has started, and what it hands over."""
    monkeypatch.setattr(handover, "RETIREMENT", 0.2)
    pulses = Pulses()
    environment = os.environ | {VARIABLE: pulses.path}
    children = [subprocess.Popen([*LIVES, kind], env=environment, start_new_session=True) for kind in ("web", "worker")]
    web, worker = [child.pid for child in children]
    yield Handover(-1, pulses.socket.detach(), pulses.path, [web], [worker])
    for child in children:
        child.kill()
        child.wait()


def test_the_old_ones_end_once_the_new_ones_answer(started, former):
    [web], [worker] = former.servers, former.workers
    site = started([*LIVES, "web"], [*LIVES, "worker"], former)

    watch_all(site, lambda: site.predecessor is None or site.predecessor.retires)
    assert site.answers()
    watch_all(site, lambda: site.predecessor is None)

    for number in (web, worker):
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert site.server.runs
    assert site.worker.runs


def test_the_old_ones_go_on_while_the_new_ones_do_not_stay_up_or_do_not_answer(started, former, monkeypatch):
    monkeypatch.setattr(supervising, "SERVER_SILENCE", 0.5)
    site = started(ENDS, None, former)
    watch_all(site, lambda: site.server.short > supervising.TRIES)
    assert not site.predecessor.retires

    site.server.command = [*LIVES, "something else"]
    watch_all(site, lambda: site.server.runs)
    silent = site.server.child.pid
    watch_all(site, lambda: site.server.runs and site.server.child.pid != silent)
    assert not site.predecessor.retires

    os.kill(former.servers[0], signal.SIGKILL)
    os.kill(former.workers[0], signal.SIGKILL)
    site.server.command, site.server.short = ENDS, 0
    site.server.kill()
    with pytest.raises(ServerFailed):
        site.run(hears_web=True)


def test_what_is_handed_over_once_more_is_what_answers(started, former):
    site = started(ENDS, [*LIVES, "worker"], former)
    second = site.worker.child.pid

    again = site.hand_over()

    assert again.servers == former.servers
    assert again.workers == [second, *former.workers]


def test_old_and_new_stop_together(started, former):
    site = started([*LIVES, "web"], None, former)
    site.stop()

    assert site.predecessor.is_gone()


# A web server that forks its worker, as ours does, and that worker under the name that ours has.
FORKS = [
    sys.executable,
    "-c",
    "import sys, time; from newsreader.front import forked_worker as forked;"
    "from newsreader.operations import command_line, pulse;"
    "pulse.EVERY = 0.1; is_worker = len(sys.argv) > 2 and forked.fork(int(sys.argv[2]), 0);"
    "is_worker and command_line.show(command_line.WORK); pulse.keep_sending('worker' if is_worker else 'web');"
    "time.sleep(600)",
]


@pytest.fixture
def forked():
    """Start such a server as `serve` has it before it watches. Returns what it then knows."""
    servers = []

    def start(command):
        pulses, (awaited, told) = Pulses(), os.pipe()
        assert take_in_orphans(True)
        environment = os.environ | {VARIABLE: pulses.path}
        command = [*command, "--worker", str(told)]
        servers.append(subprocess.Popen(command, env=environment, pass_fds=[told], start_new_session=True))
        os.close(told)
        return Forked(servers[-1].pid, awaited, pulses.socket.detach(), pulses.path, "")

    yield start
    for server in servers:
        server.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems cannot give a child away.")
def test_a_worker_that_the_server_has_forked_is_watched_like_one_that_was_started(settings, monkeypatch, forked):
    monkeypatch.setattr(supervising.Backoff, "failed", lambda self: 0.1)
    site = Supervisor(FORKS, [*LIVES, "worker"], dict(os.environ), settings.BASE_DIR, forked=forked(FORKS))
    watch(site, lambda: site.worker.runs and site.pulses.last("worker") and site.pulses.last("web"))
    web, first = site.server.child.pid, site.worker.child.pid

    of_first = Path(f"/proc/{first}/stat").read_text().rsplit(")", 1)[1].split()
    assert int(of_first[1]) == os.getpid() != web
    assert int(of_first[3]) == first  # It leads a session: the end of the server's group is not its own.
    assert b"manage.py\0work" in Path(f"/proc/{first}/cmdline").read_bytes()

    os.kill(first, signal.SIGKILL)
    watch(site, lambda: site.worker.runs and site.worker.child.pid != first)
    assert site.worker.command == [*LIVES, "worker"]
    assert site.server.child.pid == web

    os.kill(web, signal.SIGKILL)  # The next server leaves the worker alone.
    watch(site, lambda: site.server.runs and site.server.child.pid != web)
    second = site.worker.child.pid
    watch(site, lambda: site.pulses.last("web") > site.server.started)
    assert site.worker.child.pid == second
    site.stop()
    assert not site.worker.runs
    assert not site.server.runs


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems cannot give a child away.")
def test_a_server_that_ends_before_it_forks_leaves_the_worker_to_be_started(settings, monkeypatch, forked):
    monkeypatch.setattr(supervising.Backoff, "failed", lambda self: 600)
    site = Supervisor(ENDS, [*LIVES, "worker"], dict(os.environ), settings.BASE_DIR, forked=forked(ENDS))

    watch(site, lambda: site.worker.runs and site.pulses.last("worker"))
    site.stop()

    assert not site.worker.runs


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems cannot give a child away.")
def test_who_stops_while_the_server_starts_leaves_no_worker_behind(settings, forked):
    site = Supervisor(FORKS, [*LIVES, "worker"], dict(os.environ), settings.BASE_DIR, forked=forked(FORKS))
    site.stop()

    assert not site.worker.runs
    assert site.worker.awaited is None


@pytest.mark.parametrize("database", ["sqlite:////tmp/none.sqlite3", "postgres://a:b@db.example/c?options=-c%20a%3Db"])
def test_who_was_forked_has_the_settings_of_one_that_was_started(database):
    ask = (
        "import django, json; django.setup(); from django.conf import settings; from django.db import connections;"
        "{} print(json.dumps([settings.WEB, settings.WAIT, connections['default'].settings_dict], default=str))"
    )
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}} | {
        "DJANGO_SETTINGS_MODULE": "newsreader.settings", "ENV_FILES": "", "SECRET_KEY": "s" * 50,
        "DATABASE_URL": database,
    }  # fmt: skip
    forked = "connections['default']; from newsreader.operations import roles; roles."

    def told(role, change):
        done = subprocess.run(
            [sys.executable, "-c", ask.format(change)],
            env=environment | role, cwd=BASE_DIR, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    web = {"NEWSREADER_ROLE": "web"}
    started = told({}, ""), told(web, "")
    assert (told(web, f"{forked}take_time();"), told({}, f"{forked}answer_readers();")) == started
    assert started[0] != started[1]
