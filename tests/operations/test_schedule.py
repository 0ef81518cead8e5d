"""What the worker does by the clock about tasks whose worker has died, and how it tells that it lives itself."""

import datetime as dt
import time

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from comments.models import EmailConfirmation, KeptDraft, RateLimit, ReviewLock
from newsreader.accounts.models import Invitation
from newsreader.kit.tasks import HEARTBEAT
from newsreader.operations import key_rotation, retention, schedule
from tests.factories import make_article, make_comment, make_moderator

pytestmark = pytest.mark.django_db


def running(*workers, minutes=10):
    """A task that the last of these workers took up so many minutes ago."""
    return DBTaskResult.objects.create(
        status="RUNNING",
        started_at=timezone.now() - dt.timedelta(minutes=minutes),
        worker_ids=list(workers),
        args_kwargs={"args": [], "kwargs": {}},
        task_path="newsreader.mailing.outbox.send_due",
        backend_name="default",
        run_after=get_date_max(),
    )


def test_a_task_whose_worker_is_dead_is_queued_again():
    task, nobodys = running("dead"), running()

    assert schedule.take_up_lost_tasks() == 2

    for each in (task, nobodys):
        each.refresh_from_db()
        assert (each.status, each.started_at) == ("READY", None)
    assert task in DBTaskResult.objects.ready()


def test_a_task_is_left_to_a_worker_that_lives_however_long_it_takes():
    schedule.beat()
    task = running("dead", schedule.WORKER, minutes=600)

    assert schedule.take_up_lost_tasks() == 0

    task.refresh_from_db()
    assert task.status == "RUNNING"


def test_who_has_just_begun_is_not_taken_for_dead():
    running("new", minutes=1)

    assert schedule.take_up_lost_tasks() == 0


def test_a_task_that_outlives_no_worker_is_given_up(caplog):
    task = running(*"abcde")

    assert schedule.take_up_lost_tasks() == 0

    task.refresh_from_db()
    assert (task.status, task.finished_at is None) == ("FAILED", False)
    assert "has killed too many workers" in caplog.text


def test_where_nothing_runs_the_cache_is_asked_for_nothing():
    """An empty list of keys is a syntax error to PostgreSQL."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert schedule.take_up_lost_tasks() == 0

    assert not [query for query in asked if "cache_entries" in query["sql"]]


def test_a_worker_goes_on_beating_soon_after_a_beat_is_lost(monkeypatch):
    class Stop(BaseException):
        pass

    beats, pauses = [], []

    def beat():
        beats.append(len(beats))
        if len(beats) == 1:
            raise RuntimeError
        if len(beats) == 4:
            raise Stop
        return len(beats) == 3

    monkeypatch.setattr(schedule, "beat", beat)
    monkeypatch.setattr(schedule, "close_old_connections", lambda: None)
    monkeypatch.setattr(time, "sleep", pauses.append)
    with pytest.raises(Stop):
        schedule.keep_beating()

    assert pauses == [schedule.BEAT_AGAIN, schedule.BEAT_AGAIN, schedule.BEAT]
    assert schedule.SILENCE.total_seconds() >= 4 * schedule.BEAT


def test_a_sign_of_life_that_the_table_does_not_take_is_none(monkeypatch):
    monkeypatch.setattr(schedule, "cache", caches["table"])  # Where there is Redis, it takes it.
    assert schedule.beat()
    assert schedule.beat()
    with connection.execute_wrapper(refuse_writing):
        assert not schedule.beat()


def refuse_writing(execute, sql, params, many, context):
    if not sql.startswith("SELECT"):
        raise OperationalError("database is locked")
    return execute(sql, params, many, context)


def test_a_sign_of_life_is_there_for_every_process():
    """A cache in one process's memory would have each worker take all others for dead."""
    schedule.beat()

    assert cache.get(HEARTBEAT)
    assert cache.get(schedule.alive(schedule.WORKER)) is not None
    assert "locmem" not in settings.CACHES["default"]["BACKEND"]
    assert "dummy" not in settings.CACHES["default"]["BACKEND"]


def test_clearing_up_deletes_what_has_run_out_and_nothing_else(settings):
    now, article = timezone.now(), make_article()
    old, young = now - dt.timedelta(days=60), now - dt.timedelta(minutes=1)
    first, second = make_comment(article), make_comment(article)
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", "long"]}}
    mia, noor = make_moderator(), make_moderator()
    for name, at in (("old", old), ("young", young)):
        Session.objects.create(session_key=name, session_data="", expire_date=at + dt.timedelta(days=30))
        RateLimit.objects.create(key=name, full_at=at + dt.timedelta(days=30))
        KeptDraft.objects.create(token=name, browser=name, network=name, article=article, created_at=at)
        EmailConfirmation.objects.create(address=name, network=name, comment=first, asked_at=at)
        task = running("worker")
        DBTaskResult.objects.filter(pk=task.pk).update(status="SUCCESSFUL", finished_at=at, worker_ids=[name])
    ReviewLock.objects.create(comment=first, by=mia, until=old)
    ReviewLock.objects.create(comment=second, by=noor, until=now + dt.timedelta(minutes=1))
    for name, days in (("old", 91), ("young", 1)):
        Invitation.objects.create(email=f"{name}@example.org", role="Authors", expires_at=now - dt.timedelta(days=days))

    retention.run(60, all_kinds=True)

    assert Invitation.objects.get().email == "young@example.org"
    left = [
        Session.objects.values_list("session_key", flat=True),
        RateLimit.objects.filter(key__in=["old", "young"]).values_list("key", flat=True),
        KeptDraft.objects.values_list("token", flat=True),
        EmailConfirmation.objects.values_list("address", flat=True),
        [ids[0] for ids in DBTaskResult.objects.values_list("worker_ids", flat=True)],
    ]
    assert [list(names) for names in left] == [["young"]] * 5
    assert ReviewLock.objects.get().by == noor


def test_an_sqlite_file_that_jobs_have_read_through_is_let_go_of(monkeypatch):
    closed = []
    monkeypatch.setattr(schedule, "close_connections", lambda: closed.append(True))
    for seconds in (0.0, schedule.READ_MUCH):
        assert closed == []
        monkeypatch.setattr(schedule, "JOBS", [(1, lambda seconds=seconds: time.sleep(seconds))])
        schedule.run_round({})

    assert closed == [True] * settings.SQLITE


def test_clearing_up_is_one_of_the_jobs():
    assert {key_rotation.renew_secrets, retention.run} <= {job for _seconds, job in schedule.JOBS}
