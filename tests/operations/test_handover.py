"""Another release comes in while the site goes on: under load, with clients that keep their connections and new ones."""

import http.client
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from django.conf import settings
from django.db import connection

from newsreader.settings import BASE_DIR
from tests.databases import OWN
from tests.factories import make_article
from tests.operations.test_serve import children, free_port, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ci_sqlite,
    pytest.mark.skipif(not settings.SQLITE, reason="starts from the suite's own SQLite file"),
]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GOES_ON = "It goes on as it was."
REPLACED = "have been replaced"


class Releases:
    """Folders of releases, and `current`, which leads to the one that runs: as docs/operating.md makes them."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.folder, self.database, self.port = folder, database, free_port()
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        self.environment = kept | {
            "ENV_FILES": "",
            "SECRET_KEY": "s" * 50,
            "PORT": str(self.port),
            "DATABASE_URL": f"sqlite:///{database}",
            "TRUSTED_PROXY_COUNT": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def make(self, name: str) -> Path:
        release = self.folder / name
        for part in ("newsreader", "articles", "comments"):
            shutil.copytree(BASE_DIR / part, release / part)
        for part in ("manage.py", "pyproject.toml"):
            shutil.copy(BASE_DIR / part, release / part)
        (release / ".venv").symlink_to(Path(sys.executable).parent.parent)
        return release

    def choose(self, release: Path) -> None:
        (self.folder / "next").symlink_to(release)
        (self.folder / "next").replace(self.folder / "current")

    def command(self, *arguments: str) -> list[str]:
        current = self.folder / "current"
        return [str(current / ".venv/bin/python"), str(current / "manage.py"), *arguments]

    def serve(self, *options: str) -> None:
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command("serve", *options),
                cwd="/",
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.process.poll() is not None or b"Ctrl-C" in self.log.read_bytes(), 90)
        assert self.process.poll() is None, self.log.read_text()

    def reload(self, words: str) -> None:
        """Send SIGHUP, and wait until the log says so."""
        before = self.log.read_text().count(words)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.log.read_text().count(words) > before, 90)

    def ask(self, path: str) -> requests.Response:
        """Ask on a connection of its own."""
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=20)

    def get(self, path: str) -> str:
        answer = self.ask(path)
        assert answer.status_code == 200
        return answer.text

    def query(self, statement: str) -> list[tuple]:
        with closing(sqlite3.connect(self.database, timeout=20)) as site:
            return site.execute(statement).fetchall()

    def web_processes(self) -> set[str]:
        servers = children(self.process.pid, "manage.py web")
        return {*servers, *(number for server in servers for number in children(server, "manage.py web"))}


class Load:
    """Clients that read and post until told to stop. `failures` is what was not answered."""

    def __init__(self, port: int, article: int) -> None:
        self.port, self.article = port, article
        self.answers: Counter[int] = Counter()
        self.failures: list[str] = []
        self.slowest = 0.0
        self.goes_on = True
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(6)]
        for thread in self.threads:
            thread.start()

    def run(self, number: int) -> None:
        """Every other client keeps its connection, as proxies do. They are not equally quick to use it again."""
        line, count = None, 0
        while self.goes_on:
            line, count, began = (
                line or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30),
                count + 1,
                time.monotonic(),
            )
            try:
                if number < 2 and count % 4 == 0:
                    words = urlencode(
                        {"text": f"Tide {number} {count}", "name": "Ann", "email": f"a{number}.{count}@example.org"}
                    )
                    hop = {"X-Forwarded-For": f"10.{number}.{count % 250}.1"}
                    line.request("POST", f"/articles/{self.article}/reply/", words, FORM | hop)
                else:
                    line.request("GET", "/healthz" if count % 8 else "/")
                answer = line.getresponse()
                answer.read()
                self.answers[answer.status] += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                if answer.will_close or number % 2:
                    line = line.close()
            except (OSError, http.client.HTTPException) as fault:
                self.failures.append(f"client {number}: {fault!r}")
                line = None
            time.sleep(0.03 * (number + 1))

    def stop(self) -> None:
        self.goes_on = False
        for thread in self.threads:
            thread.join()


@pytest.fixture
def releases(tmp_path, transactional_db):
    article = make_article()
    connection.close()
    database = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(OWN)) as own, closing(sqlite3.connect(database)) as site:
        own.backup(site)
    database.chmod(0o600)
    made = Releases(tmp_path, database)
    made.article = article
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def test_a_release_comes_in_under_load_and_no_request_fails(releases):
    one, two = releases.make("one"), releases.make("two")
    base = two / "newsreader" / "templates" / "base.html"
    base.write_text(base.read_text().replace("</body>", "<!-- two --></body>"))
    releases.choose(one)
    releases.serve("--no-worker")
    old = releases.web_processes()
    load = Load(releases.port, releases.article.pk)
    try:
        # One that cannot start changes nothing.
        settings_file = two / "newsreader" / "settings.py"
        text = settings_file.read_text()
        settings_file.write_text("refuse\n" + text)
        releases.choose(two)
        releases.reload(GOES_ON)
        assert releases.web_processes() == old
        settings_file.write_text(text)

        releases.reload("The new web processes answer")
        time.sleep(1)
        kept = [releases.ask("/healthz").headers.get("Connection") for _ in range(20)]
        assert kept == [None] * 20  # None of them came to an old one.
        until(lambda: REPLACED in releases.log.read_text())
        assert "<!-- two -->" in releases.get("/")
        new = releases.web_processes()
        assert new
        assert not new & old
    finally:
        load.stop()

    assert load.failures == []
    assert set(load.answers) == {200, 303}
    assert releases.query("SELECT count(*) FROM comments_comment") == [(load.answers[303],)]

    releases.process.send_signal(signal.SIGTERM)
    assert releases.process.wait(30) == 0
    until(lambda: not releases.web_processes())
    assert not re.search(r"(?i)traceback|granian.*error", releases.log.read_text().split(GOES_ON)[1])


EXPAND = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("comments", "{last}")]
    operations = [migrations.AddField("comment", "tone", models.CharField(max_length=9, null=True))]
"""


@pytest.mark.long
def test_an_upgrade_as_operating_walks_it_and_back_again(releases):
    """The database is migrated under the old release; then the new one comes in, and goes out again."""
    one, two = releases.make("one"), releases.make("two")
    numbers = two / "comments" / "migrations"
    last = max(path.stem for path in numbers.glob("0*.py"))
    (numbers / f"{int(last[:4]) + 1:04}_tone.py").write_text(EXPAND.format(last=last))

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(two / ".venv/bin/python"), str(two / "manage.py"), *arguments]
        return subprocess.run(command, env=releases.environment, capture_output=True, text=True, check=False)

    releases.choose(one)
    releases.serve("--no-worker")
    load = Load(releases.port, releases.article.pk)
    try:
        refused = manage("serve", "--check", "--port", str(releases.port))
        assert (refused.returncode, "manage.py migrate" in refused.stderr) == (1, True)
        assert manage("migrate").returncode == 0
        assert manage("serve", "--check", "--port", str(releases.port)).returncode == 0
        for release in (two, one):
            releases.choose(release)
            releases.reload(REPLACED)
    finally:
        load.stop()

    assert load.failures == []
    assert set(load.answers) == {200, 303}
    assert releases.query("SELECT count(*), count(tone) FROM comments_comment") == [(load.answers[303], 0)]


def git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", BASE_DIR, *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def before_the_last_migration() -> str:
    """Return the newest commit that has fewer migrations than the newest of all; empty where history does not go back."""
    folders = ("articles/migrations", "comments/migrations", "newsreader/accounts/migrations")

    def count(commit: str) -> int:
        return len(git("ls-tree", "-r", "--name-only", commit, "--", *folders).splitlines())

    most = count("HEAD")
    return next((commit for commit in git("rev-list", "--max-count=400", "HEAD").split() if count(commit) < most), "")


@pytest.mark.long
def test_the_code_from_before_the_last_migration_serves_with_the_database_of_today(releases):
    commit = before_the_last_migration()
    if not commit:
        pytest.skip("There is no history, or no migration in it.")
    old = releases.folder / "old"
    old.mkdir()
    archive = subprocess.run(["git", "-C", BASE_DIR, "archive", commit], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", old], input=archive.stdout, check=True)
    (old / ".venv").symlink_to(Path(sys.executable).parent.parent)
    releases.choose(old)
    releases.serve()

    assert releases.article.headline in releases.get(releases.article.get_absolute_url())
    load = Load(releases.port, releases.article.pk)
    until(lambda: load.answers[303] > 3, 60)
    load.stop()
    assert load.failures == []
    assert set(load.answers) == {200, 303}
    assert releases.query("SELECT count(*) FROM comments_comment") == [(load.answers[303],)]
