"""The worker's loop under faults of the database, and the pauses between its attempts."""

import datetime as dt
import logging
import time
from smtplib import SMTPServerDisconnected

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult, DBTaskResultQuerySet

from newsreader.kit.errors import StorageAway
from newsreader.kit.logs import OnceAMinute
from newsreader.kit.task_queue import take_others
from newsreader.mailing.outbox import send_due
from newsreader.operations import backoff, schedule
from newsreader.operations.backoff import Backoff
from newsreader.operations.worker import SteadyWorker

pytestmark = pytest.mark.usefixtures("transactional_db")


def queued(**values):
    return DBTaskResult.objects.create(
        **{
            "status": "READY", "args_kwargs": {"args": [], "kwargs": {}}, "backend_name": "default", "worker_ids": [],
            "task_path": "newsreader.mailing.outbox.send_due", "run_after": timezone.now() - dt.timedelta(1),
        } | values
    )  # fmt: skip


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    """Nothing sleeps, and the test's own connection stays open."""
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(schedule, "close_connections", lambda: None)
    return pauses


@pytest.mark.parametrize("broken", ["get_locked", "ready"])
def test_a_fault_of_the_database_ends_neither_the_loop_nor_a_task(monkeypatch, caplog, without_pauses, broken):
    mine, others = queued(status="RUNNING", worker_ids=[schedule.WORKER]), queued(status="RUNNING", worker_ids=["x"])
    worker, right, asked = SteadyWorker(), getattr(DBTaskResultQuerySet, broken), []

    def falter(self):
        asked.append(self)
        if len(asked) <= 3:
            raise OperationalError("the server closed the connection unexpectedly")
        worker.running = False
        return right(self)

    monkeypatch.setattr(DBTaskResultQuerySet, broken, falter)
    monkeypatch.setattr(worker, "run_task", lambda task: None)
    worker.run()

    assert len(asked) == 4
    assert [round(pause) for pause in without_pauses[:3]] == [1, 2, 4]
    assert len([record for record in caplog.records if "goes on" in record.message]) == 1
    for task in (mine, others):
        task.refresh_from_db()
    assert mine.worker_ids == [schedule.WORKER, schedule.WORKER]  # Taken up again.
    assert others.status == "RUNNING"


def test_a_task_that_something_cuts_short_which_is_away_is_run_again_and_another_failure_is_one(monkeypatch):
    worker = SteadyWorker()

    def run(error, **values):
        task = queued(status="RUNNING", **values)

        def failed(self, result):
            result.set_failed(error)

        monkeypatch.setattr(Worker, "run_task", failed)
        worker.run_task(task)
        task.refresh_from_db()
        return task.status

    assert run(OperationalError("database is locked"), worker_ids=["a"]) == "READY"
    for fault in (StorageAway(), SMTPServerDisconnected("x"), ConnectionRefusedError(), TimeoutError()):
        assert run(fault, worker_ids=["a"]) == "READY"
    assert run(OperationalError("database is locked"), worker_ids=list("abcde")) == "FAILED"
    assert run(ValueError("x"), worker_ids=["a"]) == "FAILED"


def test_a_worker_that_has_grown_too_large_ends_between_two_tasks(settings, monkeypatch):
    monkeypatch.setattr(Worker, "run_task", lambda self, task: None)
    settings.PROCESS_MEMORY_LIMIT = 1
    worker = SteadyWorker()

    worker.run_task(queued())

    assert not worker.running


def test_attempts_become_rarer_up_to_half_a_minute_and_begin_anew_after_a_calm(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(backoff.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(backoff.random, "uniform", lambda low, high: low)
    patience, waits = Backoff(), []
    for _ in range(8):
        waits.append(patience.failed())
        now[0] += waits[-1]
    now[0] += 120

    assert [int(wait) for wait in waits] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert int(patience.failed()) == 1


def test_what_goes_on_failing_is_said_once_a_minute_with_its_number(monkeypatch, caplog):
    now = [0.0]
    monkeypatch.setattr(backoff.time, "monotonic", lambda: now[0])
    log = OnceAMinute(logging.getLogger("newsreader"))
    for _ in range(70):
        log.warning("A beat is lost", OperationalError("locked"))
        now[0] += 1

    assert [record.message for record in caplog.records] == [
        "A beat is lost: OperationalError: locked",
        "A beat is lost: OperationalError: locked (60 times since it was last said)",
    ]


def test_one_task_does_what_others_of_its_kind_wait_for():
    """Not those that are put off, nor what another worker has begun, nor another kind."""
    put_off = queued(run_after=timezone.now() + dt.timedelta(hours=1))
    begun, other = queued(status="RUNNING"), queued(task_path="articles.pictures.make_copies")
    waiting = queued(), queued()

    assert take_others(send_due) == len(waiting)

    assert set(DBTaskResult.objects.all()) == {put_off, begun, other}
