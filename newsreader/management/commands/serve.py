"""Start the web server and the background worker, keep both running, and stop both when asked to.

What ends or hangs is replaced (`newsreader.operations.supervisor`). Only where the web server does not stay up does
everything stop, with exit code 1. If `serve` is killed, its child processes end too.
"""

from __future__ import annotations

import argparse
import os
import resource
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
from newsreader import request_limits
from newsreader.accounts.models import User
from newsreader.checks import processes_fit
from newsreader.demo.loader import EDITOR
from newsreader.demo.unloader import DEMONSTRATION
from newsreader.operations.old_databases import refuse_old_database
from newsreader.operations.private_files import refuse_open_database, refuse_unwritable_media
from newsreader.operations.supervisor import PATIENCE, Process, ServerFailed, Supervisor

CONNECTIONS = 4096  # that a web process holds at once, most of them idle or slow


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

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_old_database(connection)
        refuse_open_database(connection)
        refuse_unwritable_media()
        for message in processes_fit(options["processes"]):
            self.stderr.write(self.style.WARNING(str(message)))
        _allow_connections(CONNECTIONS + 512)
        host, port = options["host"], options["port"]
        _refuse_taken_port(host, port)
        if options["prepare"]:
            self.prepare()
        python = [sys.executable]
        server = [
            *python, "-m", "granian", "--interface", "rsgi", "newsreader.front.application:application",
            "--host", host, "--port", str(port), "--workers", str(options["processes"]),
            # HTTP/2 has no time limit for its heads, and no proxy needs it to talk to us.
            "--http", "1", "--no-ws", "--http1-buffer-size", str(request_limits.HEAD),
            "--http1-header-read-timeout", str(request_limits.HEAD_SECONDS * 1000),
            "--backlog", str(CONNECTIONS), "--backpressure", str(CONNECTIONS),
            "--log-level", "warning", "--respawn-failed-workers",
            # A web process that is still starting misses the stop signal, and would keep running.
            "--workers-kill-timeout", str(PATIENCE - 5),
            "--workers-max-rss", str(settings.MAX_MEMORY_MB),
        ]  # fmt: skip
        worker = [*python, "manage.py", "work"]
        if options["reload"]:
            server, worker = [*python, "manage.py", "runserver", f"{host}:{port}"], [*worker, "--reload"]
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "newsreader.settings"),
            "WEB_THREADS": str(options["threads"]),
        }
        stopped = _Stopped()
        supervisor = Supervisor(server, None if options["no_worker"] else worker, environment, settings.BASE_DIR)
        stopped.then = supervisor.ask_to_stop
        try:
            self.welcome(host, port, supervisor.server, stopped)
            supervisor.run(hears_web=not options["reload"])
        except ServerFailed:
            raise CommandError("The web server does not stay up; see above.", returncode=1) from None
        finally:
            supervisor.stop()

    def prepare(self) -> None:
        """Migrate the database; on the first run, when there are no users yet, load the demonstration."""
        executor = MigrationExecutor(connection)
        # Skipping a needless migrate makes the start faster.
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
        held_already = "DATABASE_URL" in os.environ and Article.objects.exists()
        taken_out = AuditEntry.objects.filter(subject=DEMONSTRATION).exists()
        if not User.objects.exists() and not held_already and not taken_out:
            call_command("load_demo", verbosity=0)

    def welcome(self, host: str, port: int, server: Process, stopped: _Stopped) -> None:
        """Print the site's address once it answers."""
        while server.runs and not stopped.asked:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex((host if host != "0.0.0.0" else "127.0.0.1", port)) == 0:  # noqa: S104
                    break
            time.sleep(0.05)
        if not server.runs or stopped.asked:
            return
        self.stdout.write(f"\nThe site:     {settings.SITE_URL}/\nThe newsroom: {settings.SITE_URL}/admin/")
        password = os.environ.get("DEMO_PASSWORD", "")
        if password and User.objects.filter(username=EDITOR).exists():
            self.stdout.write(f"Sign in as:   editor@example.org   password: {password}")
        self.stdout.write("Stop with Ctrl-C.\n")
        self.stdout.flush()


class _Stopped:
    """Whether SIGINT or SIGTERM has arrived."""

    def __init__(self) -> None:
        self.asked = False
        self.then: Callable[[], None] = lambda: None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self.then()


def _allow_connections(count: int) -> None:
    """Let the processes have so many files open, as far as the system allows it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}). Try PORT={port + 1} make run."
            ) from None
