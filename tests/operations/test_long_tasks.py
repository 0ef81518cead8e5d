"""A task that takes minutes has a lane of its own in the worker: whatever else is queued goes on beside it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from comments.models import Comment
from newsreader.kit import private_uploads
from newsreader.kit.tasks import LONG
from newsreader.operations import schedule, worker
from newsreader.operations.worker import SteadyWorker
from newsreader.transfer import web_imports
from tests.factories import make_editor, make_user
from tests.hosts import Process, environment, until

pytestmark = pytest.mark.usefixtures("transactional_db")

ARTICLES, COMMENTS = 15, 400  # comments to an article; that keeps the worker busy for much longer than a mail
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Long</title><link>https://long.example</link>
<wp:wxr_version>1.2</wp:wxr_version><wp:base_blog_url>https://long.example</wp:base_blog_url>"""
ARTICLE = """<item><title>Article {n}</title><content:encoded><![CDATA[Words.]]></content:encoded>
<wp:post_id>{n}</wp:post_id><wp:post_date_gmt>2024-01-31 23:30:00</wp:post_date_gmt><wp:post_name>a-{n}</wp:post_name>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type>"""
COMMENT = """<wp:comment><wp:comment_id>{n}</wp:comment_id><wp:comment_author>Anna</wp:comment_author>
<wp:comment_date_gmt>2024-02-01 09:00:00</wp:comment_date_gmt><wp:comment_content>Number {n}.</wp:comment_content>
<wp:comment_approved>1</wp:comment_approved><wp:comment_parent>0</wp:comment_parent></wp:comment>"""


def large_export():
    yield HEAD.encode()
    for article in range(ARTICLES):
        said = range(article * COMMENTS, (article + 1) * COMMENTS)
        yield "".join([ARTICLE.format(n=article + 1), *(COMMENT.format(n=n + 1) for n in said), "</item>"]).encode()
    yield b"</channel></rss>"


def own_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        for path in Path(name).parent.glob(f"{Path(name).name}*"):
            path.chmod(0o600)  # The worker refuses what others may read.
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture
def queue(settings):
    settings.TASKS = {"default": {"BACKEND": "newsreader.kit.task_queue.Queue", "QUEUES": ["default", LONG]}}


@pytest.mark.slow
@pytest.mark.ci_sqlite  # It has one writer, for whom the mail has to wait as well.
def test_a_sign_in_code_is_sent_while_a_large_file_is_imported(client, queue, settings, tmp_path):
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    mails = tmp_path / "mails"
    # The folder follows from the database's, which other tests have beside them.
    (tmp_path / "own_settings.py").write_text(
        f"from newsreader.settings import *\nUPLOAD_FOLDER = {str(settings.UPLOAD_FOLDER)!r}"
    )
    env = environment(
        DATABASE_URL=own_database(), EMAIL_URL=f"filemail:///{mails}", SECRET_KEY=settings.SECRET_KEY,
        DJANGO_SETTINGS_MODULE="own_settings", PYTHONPATH=str(tmp_path),
    )  # fmt: skip
    export = b"".join(large_export())
    # As if it had been tried already, which would take as long again.
    kept = private_uploads.keep([export], name="long.xml", size=len(export), state=web_imports.CHECKED, at=time.time())
    facts = lambda: private_uploads.find(kept.id).facts  # noqa: E731
    web_imports.begin(kept, by=make_editor())
    make_user("ada")
    work = Process(env, ["work"], tmp_path / "work.log")

    try:
        until(lambda: facts()["done"], "it has not begun", 120)
        client.post("/accounts/login/code/", {"email": "ada@example.org"})
        began = time.monotonic()
        until(lambda: any("ada@example.org" in path.read_text() for path in mails.glob("*")), "no mail", 60)
        took = time.monotonic() - began
        assert facts()["state"] == web_imports.IMPORTING, f"It was over after {took:.1f} s: a mail waits for it."
        until(lambda: facts()["state"] == web_imports.FINISHED, "it was not imported", 120)
        assert Comment.objects.count() == ARTICLES * COMMENTS
    finally:
        work.stop()


def queued(**values) -> DBTaskResult:
    return DBTaskResult.objects.create(
        **{
            "status": "RUNNING", "args_kwargs": {"args": [], "kwargs": {}}, "backend_name": "default", "queue_name": LONG,
            "task_path": "newsreader.transfer.web_imports.check", "worker_ids": [schedule.WORKER],
            "run_after": timezone.now(),
        } | values
    )  # fmt: skip


@pytest.fixture
def lane(monkeypatch):
    """A worker whose long task runs until it is told to end."""
    steady, go_on, begun = SteadyWorker(), threading.Event(), []

    def run(self, row):
        begun.append(row.pk)
        go_on.wait(10)
        row.set_successful(None)

    monkeypatch.setattr(Worker, "run_task", run)
    yield steady, go_on, begun
    go_on.set()


def ended(steady: SteadyWorker) -> None:
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "long"], "the lane is not free", 15)
    assert steady.lane.runs is None


def test_a_long_task_runs_beside_others_and_no_second_one_does(lane):
    steady, go_on, begun = lane
    row = queued()

    steady.run_task(row)

    until(lambda: begun, "it has not begun")
    assert steady.excluded_queue_names == [LONG]
    worker.queue_again(but=steady.lane.runs)  # A fault throws the worker out of its loop: not the lane.
    row.refresh_from_db()
    assert row.status == "RUNNING"
    go_on.set()
    ended(steady)
    assert steady.excluded_queue_names == []


def test_a_worker_that_has_grown_too_large_stays_until_its_long_task_is_done(lane, settings):
    steady, go_on, begun = lane
    settings.PROCESS_MEMORY_LIMIT = 1
    steady.run_task(queued())
    until(lambda: begun, "it has not begun")

    steady._end_if_too_large()
    assert steady.running

    go_on.set()
    ended(steady)
    assert not steady.running


def test_a_long_task_whose_end_could_not_be_noted_is_queued_again(monkeypatch):
    steady = SteadyWorker()
    row = queued()

    def falter(self, row):
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(Worker, "run_task", falter)
    steady.run_task(row)

    ended(steady)
    row.refresh_from_db()
    assert row.status == "READY"
    assert steady.excluded_queue_names == []
