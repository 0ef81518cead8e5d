"""The worker's loop. It outlives whatever the database does: restarts, locks, a full disk, a lost connection.

The library's loop ends with any error of the database that is not an ordinary lock, and its process with it. Here it
starts again, later each time, and a task that was cut short is run again.
"""

from __future__ import annotations

import logging
import resource
import socket
import sys
import time
from smtplib import SMTPException

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from newsreader.kit import metrics
from newsreader.kit.errors import Busy
from newsreader.kit.logs import OnceAMinute
from newsreader.operations import schedule
from newsreader.operations.backoff import Backoff

logger = logging.getLogger(__name__)
# Errors of the database, the bucket and the mail server. A mail server may refuse an address for a while, too.
PASSING = (OperationalError, InterfaceError, Busy, SMTPException, ConnectionError, TimeoutError, socket.gaierror)


class SteadyWorker(Worker):
    """Runs tasks until it is told to stop, or has grown beyond PROCESS_MEMORY_LIMIT: then it ends between two tasks."""

    def __init__(self) -> None:
        super().__init__(
            queue_names=["*"],
            interval=1,  # seconds
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=schedule.WORKER,
            excluded_queue_names=[],
        )
        self.backoff = Backoff()
        self.log = OnceAMinute(logger)

    def run(self) -> None:
        while self.running:
            try:
                queue_again()
                super().run()
            except Exception as fault:  # The database's, its driver's, or of the library's own BEGIN and COMMIT.
                schedule.close_connections()
                self.log.warning("The worker goes on after a fault of the database", fault)
                time.sleep(self.backoff.failed())

    def run_task(self, db_task_result: DBTaskResult) -> None:
        super().run_task(db_task_result)
        metrics.TASKS.labels(db_task_result.task_path, db_task_result.status.lower()).inc()
        if db_task_result.status == "FAILED" and may_pass(db_task_result.exception_class_path):
            schedule.close_connections()
            tried = len(db_task_result.worker_ids)
            later = timezone.now() + schedule.AGAIN * 2 ** (tried - 1)
            if tried < schedule.ATTEMPTS:
                DBTaskResult.objects.filter(pk=db_task_result.pk, status="FAILED").update(
                    status="READY", started_at=None, finished_at=None, run_after=later
                )
        if memory() > settings.PROCESS_MEMORY_LIMIT:
            logger.warning("The worker uses more than %s MiB and is started anew", settings.PROCESS_MEMORY_LIMIT)
            self.running = False


def queue_again() -> None:
    """Queue the tasks that this worker was running when a fault threw it out of its loop. It runs one at a time."""
    for task in DBTaskResult.objects.filter(status="RUNNING"):
        if task.worker_ids and task.worker_ids[-1] == schedule.WORKER:
            DBTaskResult.objects.filter(pk=task.pk, status="RUNNING").update(status="READY", started_at=None)


def may_pass(path: str) -> bool:
    """Say whether this class of errors is about something being away, and not about what was asked of it."""
    try:
        kind = import_string(path)
    except ImportError:
        return False
    return isinstance(kind, type) and issubclass(kind, PASSING)


def memory() -> float:
    """Return the most memory that this process has used, in MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 * 1024 if sys.platform == "darwin" else 1024)
