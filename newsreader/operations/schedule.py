"""Scheduled jobs, each with its interval. To add one, write a function and its line in JOBS."""

import datetime as dt
import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connections
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.models import DBTaskResult, get_date_max

from articles.pictures import make_missing
from articles.publishing import publish_due
from comments.audit import audit_log
from comments.models.search_index import index_new
from comments.notifications import (
    deliver,
    mail_alarm,
    queue_held_up,
    send_digests,
    sound_alarm,
    take_over,
    tell_authors,
    tell_moderators,
    verify_and_tell,
)
from comments.notifications.fan_out import tell_followers, tell_readers
from comments.notifications.mailings import send_mail_digests
from comments.objections.transparency import bring_up_to_date
from comments.posting.rerendering import rerender_some
from comments.screening import surge
from newsreader.accounts import old_sessions
from newsreader.accounts.pictures import draw_waiting
from newsreader.kit import metrics
from newsreader.kit.clock import ahead
from newsreader.kit.errors import Busy
from newsreader.kit.logs import OnceAMinute
from newsreader.kit.tasks import HEARTBEAT
from newsreader.mailing.outbox import send_due
from newsreader.operations import key_rotation, retention
from newsreader.operations.purging import purge_due
from newsreader.personal_data.requests import carry_out_due

logger = logging.getLogger(__name__)
log = OnceAMinute(logger)
WORKER = get_random_string(32)  # This process's name as a worker.
BEAT = 15  # seconds
BEAT_AGAIN = 3  # seconds after a beat that could not be recorded, so that `/readyz` does not lag behind the database
READ_MUCH = 0.2  # seconds of jobs, the first ones for instance; with little to do they take a hundredth of it
SILENCE = dt.timedelta(minutes=2)  # Eight missed beats mean death; a busy database may lose one or two.
# Until a task is tried again that was cut short by a part that was away; twice as long each time. A code for signing in
# lives three minutes.
AGAIN = dt.timedelta(seconds=10)
ATTEMPTS = 5  # A task that has killed so many workers is given up.
LONGEST_PAUSE = AGAIN * 2 ** (ATTEMPTS - 2)


def alive(worker: str) -> str:
    """Return the cache key that exists as long as this worker lives. All processes share the cache."""
    return f"worker-{worker}"


def take_up_lost_tasks() -> int:
    """Queue tasks again whose worker died while running them. Returns how many.

    A task is left alone as long as its worker lives, however long it takes. A worker may die after its work and before
    it says so, so every task must be safe to run twice. What was to wait until the clock has caught up waits no longer.
    """
    now = timezone.now()
    ready = DBTaskResult.objects.filter(status="READY", run_after__lt=get_date_max())
    ready.filter(run_after__gt=ahead(now, LONGEST_PAUSE)).update(run_after=now)
    began = Q(started_at__lt=now - SILENCE) | Q(started_at__gt=ahead(now))
    silent = DBTaskResult.objects.filter(began, status="RUNNING")
    ran_by = dict(silent.values_list("pk", "worker_ids"))
    keys = [alive(ids[-1]) for ids in ran_by.values() if ids]
    beats = cache.get_many(keys) if keys else {}  # The database cache fails on an empty list with PostgreSQL.
    # One from before the clock was set back says nothing, and stays in the cache until the clock has caught up.
    beating = {alive(WORKER), *(key for key, at in beats.items() if not _is_of_earlier_clock(at, now))}
    lost = {pk: ids for pk, ids in ran_by.items() if not ids or alive(ids[-1]) not in beating}
    hopeless = silent.filter(pk__in=[pk for pk, ids in lost.items() if len(ids) >= ATTEMPTS])
    for path in hopeless.values_list("task_path", flat=True):
        logger.error("A task has killed too many workers and is given up: %s", path)
    hopeless.update(status="FAILED", finished_at=now)
    return silent.filter(pk__in=lost).update(status="READY", started_at=None)


def _is_of_earlier_clock(beat: object, now: dt.datetime) -> bool:
    return isinstance(beat, float) and beat > ahead(now).timestamp()


def beat() -> bool:
    """Record that this worker is alive, for `/readyz` and for other workers. Returns whether that succeeded."""
    # Seconds until each is forgotten; `/metrics` says how old the first is.
    now, marks = time.time(), {HEARTBEAT: 86_400.0, alive(WORKER): SILENCE.total_seconds()}
    for name, seconds in marks.items():
        cache.set(name, now, seconds)
    # A table that cannot be written to fails silently.
    return bool(cache.get_many(marks) == dict.fromkeys(marks, now))


# Seconds between two runs, and the job. All are safe to run in several workers at once.
JOBS: list[tuple[float, Callable[[], object]]] = [
    (1, purge_due),
    (5, publish_due),
    (5, audit_log.seal),
    (5, index_new),
    (5, tell_readers),
    (5, send_mail_digests),
    (30, queue_held_up),
    (30, take_over),
    (30, send_due.call),
    (15, send_digests),
    (30, tell_moderators.call),
    (30, deliver.call),
    (30, tell_authors),
    (300, sound_alarm),
    (30, surge.watch),
    (60, mail_alarm.watch),
    (60, tell_followers),
    (15, retention.run),
    (15, old_sessions.end_surplus),
    (60, take_up_lost_tasks),
    (60, verify_and_tell),
    (60, make_missing),
    (60, draw_waiting),
    (60, rerender_some),
    (60, carry_out_due),
    (3600, bring_up_to_date),
    (3600, key_rotation.renew_secrets),
]


def run_due(last: dict[Callable[[], object], float], now: float) -> None:
    """Run each job whose interval has passed since `last`. One that fails is logged and tried again when next due."""
    for interval, job in JOBS:
        if now - last.get(job, float("-inf")) < interval:
            continue
        last[job] = now
        name = getattr(getattr(job, "__self__", job), "name", "") or getattr(job, "__name__", str(job))
        try:
            job()
        # The database or the bucket is away; the log need not fill up with it.
        except (OperationalError, InterfaceError, Busy) as fault:
            metrics.JOBS_FAILED.labels(name).inc()
            log.warning(f"A job failed: {name}", fault)
            close_connections()
        except Exception:
            metrics.JOBS_FAILED.labels(name).inc()
            logger.exception("A job failed: %s", name)


def run_round(last: dict[Callable[[], object], float]) -> None:
    """Run due jobs, and let go of what they have read much of.

    What was read of an SQLite file stays mapped for as long as the connection is open: 128 MiB of a large one.
    """
    began = time.monotonic()
    run_due(last, began)
    if settings.SQLITE and time.monotonic() - began > READ_MUCH:
        close_connections()


def close_connections() -> None:
    """Close this thread's connections, whatever state they are in, so that the next use opens new ones."""
    for connection in connections.all(initialized_only=True):
        try:
            connection.close()
        except DatabaseError:
            connection.connection = None


def keep_beating() -> None:
    """Record regularly that this worker is alive, in a thread of its own, since a job may take long."""
    while True:
        recorded = False
        try:
            close_old_connections()
            recorded = beat()
        except Exception as fault:  # Of the database or of Redis, each in its own words.
            log.warning("A heartbeat could not be recorded", fault)
            close_connections()
        time.sleep(BEAT if recorded else BEAT_AGAIN)


def keep_running() -> None:
    """Run due jobs for as long as the process lives."""
    last: dict[Callable[[], object], float] = {}
    while True:
        try:
            close_old_connections()
        except DatabaseError as fault:
            log.warning("A connection could not be closed", fault)
            close_connections()
        run_round(last)
        time.sleep(1)
