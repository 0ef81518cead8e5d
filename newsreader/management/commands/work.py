"""The background worker: runs queued tasks, and the jobs that are due by the clock. `serve` starts it."""

import argparse
import logging
import os
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV, run_with_reloader
from django_tasks_db.management.commands.db_worker import Worker

from newsreader import jobs


class Command(BaseCommand):
    help = "Run background tasks and scheduled jobs until stopped."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--reload", action="store_true", help="For development: start again when code changes.")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("django_tasks_db").setLevel(logging.WARNING)
        logging.getLogger("django_tasks").setLevel(logging.WARNING)
        worker = Worker(
            queue_names=["*"],
            interval=1,  # seconds
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=jobs.WORKER,
            excluded_queue_names=[],
        )
        if not options["reload"]:
            worker.configure_signals()
            _start(worker)
        else:
            if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":  # The process that works; the other one watches it.
                worker.configure_signals()
            run_with_reloader(_start, worker)


def _start(worker: Worker) -> None:
    jobs.beat()  # Before it takes a task: nobody else shall take it for dead.
    for name, keep in {"beats": jobs.keep_beating, "jobs": jobs.keep_running}.items():
        threading.Thread(target=keep, name=name, daemon=True).start()
    worker.run()
