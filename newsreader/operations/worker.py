"""The worker's loop. It outlives whatever the database does: restarts, locks, a full disk, a lost connection.

The library's loop ends with any error of the database that is not an ordinary lock, and its process with it. Here it
starts again, later each time, and a task that was cut short is run again.

Tasks of the queue `kit.tasks.LONG` have a lane of their own, so that mails and sign-in codes need not wait until a
large file is imported. It is a thread that lives as long as its task: no second process, and nothing asks twice.
"""

from __future__ import annotations

import logging
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from newsreader.kit import metrics
from newsreader.kit.errors import Busy
from newsreader.kit.logs import OnceAMinute
from newsreader.kit.tasks import LONG
from newsreader.operations import schedule
from newsreader.operations.backoff import Backoff

logger = logging.getLogger(__name__)
# Errors of the database, the bucket and the mail server. A mail server may refuse an address for a while, too.
PASSING = (OperationalError, InterfaceError, Busy, SMTPException, ConnectionError, TimeoutError, socket.gaierror)


class SteadyWorker(Worker):
    """Runs tasks until it is told to stop, or has grown beyond PROCESS_MEMORY_LIMIT: then it ends between two tasks.

    At most one long task runs beside the others. A worker that is told to stop does not wait for it: a long task is
    safe to be killed, and another worker goes on with it.
    """

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
        self.lane = _LongLane()

    def run(self) -> None:
        while self.running:
            try:
                queue_again(but=self.lane.runs)
                super().run()
            except Exception as fault:  # The database's, its driver's, or of the library's own BEGIN and COMMIT.
                schedule.close_connections()
                self.log.warning("The worker goes on after a fault of the database", fault)
                time.sleep(self.backoff.failed())

    def run_task(self, db_task_result: DBTaskResult) -> None:
        if db_task_result.queue_name == LONG:
            self.excluded_queue_names = [LONG]  # The library reads it whenever it looks for a task.
            self.lane.start(db_task_result, self._free_the_lane)
            return
        super().run_task(db_task_result)
        settle(db_task_result)
        self._end_if_too_large()

    def _free_the_lane(self) -> None:
        self.excluded_queue_names = []
        self._end_if_too_large()

    def _end_if_too_large(self) -> None:
        """The end of a worker would cut its long task short: it stays until that is done."""
        if self.lane.runs is None and memory() > settings.PROCESS_MEMORY_LIMIT:
            logger.warning("The worker uses more than %s MiB and is started anew", settings.PROCESS_MEMORY_LIMIT)
            self.running = False


class _LongLane(Worker):
    """Runs one long task at a time, in a thread. It never looks for tasks itself."""

    def __init__(self) -> None:
        super().__init__(
            queue_names=[LONG],
            interval=1,
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=schedule.WORKER,
            excluded_queue_names=[],
        )
        self.runs: UUID | None = None  # the key of the task

    def start(self, db_task_result: DBTaskResult, then: Callable[[], None]) -> threading.Thread:
        """Run this task beside whatever else is done, then call `then` in its thread, which ends with the process."""
        self.runs = db_task_result.pk
        thread = threading.Thread(target=self._run, args=(db_task_result, then), name="long", daemon=True)
        thread.start()
        return thread

    def _run(self, db_task_result: DBTaskResult, then: Callable[[], None]) -> None:
        try:
            self.run_task(db_task_result)
            settle(db_task_result)
        except Exception as fault:  # How it ended could not be noted. Nobody else would: its worker lives.
            logger.warning("A long task is run again after a fault of the database: %s", fault)
            self._put_back(db_task_result)
        finally:
            schedule.close_connections()
            self.runs = None
            then()

    def _put_back(self, db_task_result: DBTaskResult) -> None:
        backoff = Backoff()
        while True:
            try:
                schedule.close_connections()
                DBTaskResult.objects.filter(pk=db_task_result.pk, status="RUNNING").update(
                    status="READY", started_at=None
                )
            except Exception:
                time.sleep(backoff.failed())
            else:
                return


def settle(db_task_result: DBTaskResult) -> None:
    """Count how a task ended, and queue it again where something was away that it needs."""
    metrics.TASKS.labels(db_task_result.task_path, db_task_result.status.lower()).inc()
    if db_task_result.status == "FAILED" and may_pass(db_task_result.exception_class_path):
        schedule.close_connections()
        tried = len(db_task_result.worker_ids)
        later = timezone.now() + schedule.AGAIN * 2 ** (tried - 1)
        if tried < schedule.ATTEMPTS:
            DBTaskResult.objects.filter(pk=db_task_result.pk, status="FAILED").update(
                status="READY", started_at=None, finished_at=None, run_after=later
            )


def queue_again(but: UUID | None = None) -> None:
    """Queue the tasks that this worker was running when a fault threw it out of its loop, but not its long one."""
    for task in DBTaskResult.objects.filter(status="RUNNING"):
        if task.pk != but and task.worker_ids and task.worker_ids[-1] == schedule.WORKER:
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
