"""The background worker: runs queued tasks and scheduled jobs. `serve` starts it."""

import argparse
import logging
import os
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV, run_with_reloader

from newsreader.checks import OF_SETTINGS
from newsreader.operations import pulse, schedule
from newsreader.operations.old_databases import refuse_old_database
from newsreader.operations.poolers import refuse_without_limits
from newsreader.operations.private_files import refuse_open_database, refuse_unwritable_media
from newsreader.operations.worker import SteadyWorker


class Command(BaseCommand):
    help = "Run background tasks and scheduled jobs until stopped."
    requires_system_checks = OF_SETTINGS

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--reload", action="store_true", help="For development: start again when code changes.")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_old_database(connection)
        refuse_open_database(connection)
        refuse_without_limits(connection)
        refuse_unwritable_media()
        logging.getLogger("django_tasks_db").setLevel(logging.WARNING)
        logging.getLogger("django_tasks").setLevel(logging.WARNING)
        worker = SteadyWorker()
        if not options["reload"]:
            worker.configure_signals()
            _start(worker)
        else:
            # The process that works; its parent only watches the files.
            if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
                worker.configure_signals()
            run_with_reloader(_start, worker)


def _start(worker: SteadyWorker) -> None:
    pulse.keep_sending("worker")
    for name, keep in {"beats": schedule.keep_beating, "jobs": schedule.keep_running}.items():
        threading.Thread(target=keep, name=name, daemon=True).start()
    worker.run()
