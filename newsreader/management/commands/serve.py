"""Start the web server and the background worker, keep both running, and stop both when asked to.

What ends or hangs is replaced (`newsreader.operations.supervisor`). Only where the web server does not stay up does
everything stop, with exit code 1. If `serve` is killed, its child processes end too. SIGHUP brings in another release
while the site goes on answering (`newsreader.operations.handover`).
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from articles.models.article import Article
from comments.models import AuditEntry
from newsreader.accounts.models import User
from newsreader.checks import processes_fit
from newsreader.demo.loader import EDITOR
from newsreader.demo.unloader import DEMONSTRATION
from newsreader.kit import metrics
from newsreader.operations import handover, listening
from newsreader.operations.handover import PATIENCE
from newsreader.operations.migration_lock import migration_lock
from newsreader.operations.old_databases import refuse_old_database
from newsreader.operations.poolers import refuse_without_limits
from newsreader.operations.private_files import refuse_open_database, refuse_unwritable_media
from newsreader.operations.supervisor import ServerFailed, Supervisor
from newsreader.request_limits import CONNECTIONS


class Command(BaseCommand):
    help = "Serve the site with its background worker."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)
        # SQLite allows one writer, so a second process would only wait for the first.
        parser.add_argument("--processes", type=int, default=1 if settings.SQLITE else 2)
        parser.add_argument(
            "--threads",
            type=int,
            default=settings.WEB_THREADS,
            choices=range(2, 257),
            metavar="NUMBER",
            help="Per process, 2 or more: half of them may write. Each holds a database connection.",
        )
        parser.add_argument("--reload", action="store_true", help="For development: start again when code changes.")
        parser.add_argument("--no-worker", action="store_true", help="The worker runs elsewhere, as `manage.py work`.")
        parser.add_argument("--prepare", action="store_true", help="Migrate, and load the demonstration on first run.")
        parser.add_argument("--check", action="store_true", help="Only say whether it could start. Exit code 0: yes.")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_old_database(connection)
        refuse_open_database(connection)
        refuse_without_limits(connection)
        refuse_unwritable_media()
        for message in processes_fit(options["processes"]):
            self.stderr.write(self.style.WARNING(str(message)))
        host, port = options["host"], options["port"]
        if options["check"]:
            if not options["prepare"] and _migrations_are_missing():
                raise CommandError(
                    "The database lacks migrations of this release: run manage.py migrate.", returncode=1
                )
            return
        before = handover.taken_over()
        _allow_connections(CONNECTIONS + 512)
        if before is None:
            _refuse_taken_port(host, port)
        if options["prepare"]:
            self.prepare()
        # Whose terminal is closed is told by SIGHUP too, and wants the site to end.
        stopped = _Stopped(reloads=not options["reload"] and not (sys.stdin and sys.stdin.isatty()))
        supervisor = self.start(options, before)
        stopped.then, stopped.then_reload = supervisor.ask_to_stop, supervisor.ask_to_reload
        if stopped.asked:
            supervisor.ask_to_stop()
        try:
            if before is None:
                self.welcome(host, port, supervisor, stopped, hears_web=not options["reload"])
            while supervisor.run(hears_web=not options["reload"]):
                handover.execute(supervisor.hand_over())
        except ServerFailed:
            raise CommandError("The web server does not stay up; see above.", returncode=1) from None
        finally:
            supervisor.stop()
            if metrics.FOLDER not in os.environ:
                shutil.rmtree(self.counts, ignore_errors=True)

    def start(self, options: dict[str, Any], before: handover.Handover | None) -> Supervisor:
        """Start the web server and the worker."""
        host, port = options["host"], options["port"]
        self.counts = metrics.make_folder()
        python = [sys.executable]
        worker = [*python, "manage.py", "work"]
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "newsreader.settings"),
            "WEB_THREADS": str(options["threads"]),
            metrics.FOLDER: self.counts,
        }
        if options["reload"]:
            server = [*python, "manage.py", "runserver", f"{host}:{port}"]
            return Supervisor(
                server, None if options["no_worker"] else [*worker, "--reload"], environment, settings.BASE_DIR
            )
        listener = before.listener if before else _take(host, port)
        server = [
            *python, "-m", "newsreader.front.server", "--port", str(port), "--listener", str(listener),
            "--processes", str(options["processes"]), "--memory", str(settings.PROCESS_MEMORY_LIMIT),
            # A web process that is still starting misses the stop signal, and would keep running.
            "--patience", str(PATIENCE - 5),
        ]  # fmt: skip
        return Supervisor(
            server,
            None if options["no_worker"] else worker,
            environment | {listening.VARIABLE: str(listener)},
            settings.BASE_DIR,
            processes=options["processes"],
            listener=listener,
            before=before,
        )

    def prepare(self) -> None:
        """Migrate the database; on the first run, when there are no users yet, load the demonstration.

        Who does the same at the same time is waited for, and has done it then.
        """
        with migration_lock(connection, self.stderr.write):
            self.prepare_alone()

    def prepare_alone(self) -> None:
        # Skipping a needless migrate makes the start faster.
        if _migrations_are_missing():
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
        held_already = "DATABASE_URL" in os.environ and Article.objects.exists()
        taken_out = AuditEntry.objects.filter(subject=DEMONSTRATION).exists()
        if not User.objects.exists() and not held_already and not taken_out:
            call_command("load_demo", verbosity=0)

    def welcome(self, host: str, port: int, supervisor: Supervisor, stopped: _Stopped, *, hears_web: bool) -> None:
        """Print the site's address once it answers."""
        while supervisor.server.runs and not stopped.asked:
            if hears_web:
                supervisor.pulses.listen(0.05)
                if supervisor.answers():
                    break
            elif _is_open(host, port):
                break
            else:
                time.sleep(0.05)
        if not supervisor.server.runs or stopped.asked:
            return
        self.stdout.write(f"\nThe site:     {settings.SITE_URL}/\nThe newsroom: {settings.SITE_URL}/admin/")
        password = os.environ.get("DEMO_PASSWORD", "")
        if password and User.objects.filter(username=EDITOR).exists():
            self.stdout.write(f"Sign in as:   editor@example.org   password: {password}")
        self.stdout.write("Stop with Ctrl-C.\n")
        self.stdout.flush()


class _Stopped:
    """Whether SIGINT or SIGTERM has arrived; and who hears of SIGHUP, which asks to stop where nothing `reloads`."""

    def __init__(self, *, reloads: bool) -> None:
        self.asked = False
        self.then: Callable[[], None] = lambda: None
        self.then_reload: Callable[[], None] = lambda: None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGHUP, (lambda number, frame: self.then_reload()) if reloads else self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self.then()


def _migrations_are_missing() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _allow_connections(count: int) -> None:
    """Let the processes have so many files open, as far as the system allows it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _refuse_taken_port(host: str, port: int) -> None:
    """Refuse it early: whatever comes before the web server takes its time."""
    os.close(_take(host, port))


def _take(host: str, port: int) -> int:
    try:
        return listening.take(host, port, CONNECTIONS).detach()
    except OSError as error:
        raise CommandError(f"Port {port} cannot be used ({error.strerror}). Try PORT={port + 1} make run.") from None


def _is_open(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host if host != "0.0.0.0" else "127.0.0.1", port)) == 0  # noqa: S104
