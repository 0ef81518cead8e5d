"""What is done by the clock: each job with its interval. To add one, write a function and its line in JOBS."""

import datetime as dt
import logging
import time
from collections.abc import Callable

from django.core.cache import cache
from django.core.management import call_command
from django.db import close_old_connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles.publishing import publish_due
from comments.flood import forget_full
from comments.keeping import forget_old
from comments.notifications import send_due
from newsreader.kit.tasks import HEARTBEAT

logger = logging.getLogger(__name__)
LOST = dt.timedelta(minutes=15)


def take_up_lost_tasks() -> int:
    """Queue tasks again whose worker died while running them: nothing else ever would. Returns how many."""
    lost = DBTaskResult.objects.filter(status="RUNNING", started_at__lt=timezone.now() - LOST)
    return lost.update(status="READY", started_at=None)


def beat() -> None:
    """Tell whoever asks (`/readyz`) that a worker is alive."""
    cache.set(HEARTBEAT, "alive", timeout=60)  # seconds


def clear_up() -> None:
    call_command("clearsessions", verbosity=0)
    call_command("prune_db_task_results", verbosity=0)
    forget_full()
    forget_old()


# Seconds between two runs, and what runs. All are safe to run in several workers at once.
JOBS: list[tuple[float, Callable[[], object]]] = [
    (5, publish_due),
    (15, beat),
    (30, send_due.call),
    (60, take_up_lost_tasks),
    (3600, clear_up),
]


def run_due(last: dict[Callable[[], object], float], now: float) -> None:
    """Run each job whose interval has passed since `last`; one that fails is logged and tried again in its turn."""
    for interval, job in JOBS:
        if now - last.get(job, float("-inf")) < interval:
            continue
        last[job] = now
        try:
            job()
        except Exception:
            logger.exception("A job failed: %s", getattr(job, "__name__", job))


def keep_running() -> None:
    """Run what is due, for as long as the process lives."""
    last: dict[Callable[[], object], float] = {}
    while True:
        close_old_connections()
        run_due(last, time.monotonic())
        time.sleep(1)
