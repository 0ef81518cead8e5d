"""`manage.py serve`, as `make run` calls it: everything starts, answers, and stops together."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from newsreader.management.commands.serve import _migrations_are_missing, _names_of_migrations
from newsreader.operations.watch import Stopped
from newsreader.settings import BASE_DIR

pytestmark = pytest.mark.slow

PATIENCE = 60  # seconds


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def site(tmp_path):
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment = kept | {
        "ENV_FILES": "",
        "SECRET_KEY": "s" * 50,
        "DEMO_PASSWORD": "open-sesame",
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3",
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--prepare"],
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    process.port = port
    process.database = tmp_path / "site.sqlite3"
    process.environment = environment
    yield process
    if process.poll() is None:
        process.kill()
    process.stdout.close()


def said(process):
    """Return what it has said up to the invitation to stop it."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    return "".join(lines)


def children(number, marker="."):
    """Return those of a process whose command line has the marker."""
    found = subprocess.run(
        ["pgrep", "-P", str(number), "-f", "--", marker], capture_output=True, text=True, check=False
    )
    return found.stdout.split()


def get(site, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{site.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, ""


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.django_db
def test_missing_migrations_are_known_by_their_names():
    assert _names_of_migrations() == set(MigrationLoader(connection).disk_migrations)
    assert not _migrations_are_missing()

    MigrationRecorder(connection).record_unapplied(*max(_names_of_migrations()))
    assert _migrations_are_missing()


def test_a_terminal_that_is_closed_ends_it_and_without_one_the_same_signal_brings_a_release_in():
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    asked = []
    try:
        for reloads in (True, False):
            stopped = Stopped(reloads=reloads)
            stopped.then, stopped.then_reload = lambda: asked.append("stop"), lambda: asked.append("reload")
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert asked == ["reload", "stop"]


def test_it_serves_the_demonstration_says_how_to_sign_in_and_stops_as_a_whole(site):
    words = said(site)
    assert f"http://127.0.0.1:{site.port}/" in words
    assert "editor@example.org" in words
    assert "open-sesame" in words

    status, front = get(site, "/")
    assert status == 200
    article = re.search(r'href="(/\d{4}/\d\d/\d\d/[^"]+/)"', front)[1]
    assert "Leave a Reply" in get(site, article)[1]
    assert get(site, "/healthz")[0] == 200
    until(lambda: get(site, "/readyz")[0] == 200)  # The worker is a moment behind.
    assert get(site, "/static/site.css")[0] == 200

    again = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=BASE_DIR,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert str(site.port) in again.stderr

    assert site.database.stat().st_mode & 0o777 == 0o600

    [server], [worker] = children(site.pid, "manage.py web"), children(site.pid, "manage.py work")
    webs = children(server, "manage.py web")
    assert len(webs) == min(2, os.cpu_count() or 1)
    site.send_signal(signal.SIGTERM)
    assert site.wait(PATIENCE) == 0
    until(lambda: not any(Path(f"/proc/{number}").exists() for number in (server, worker, *webs)))
