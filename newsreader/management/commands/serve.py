"""Start the web server and the background worker, keep both running, and stop both when asked to.

Once the site is prepared, this process forks the web server (`newsreader.operations.forked_server`) and becomes a small
one that watches (`newsreader.operations.watch`). What ends or hangs is replaced (`newsreader.operations.supervisor`).
Only where the web server does not stay up does everything stop, with exit code 1. If `serve` is killed, its child
processes end too. SIGHUP brings in another release while the site goes on answering (`newsreader.operations.handover`).
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from articles.models.article import Article
from comments.models import AuditEntry
from newsreader.accounts.models import User
from newsreader.checks import OF_SETTINGS, processes_fit
from newsreader.demo.names import DEMONSTRATION, EDITOR
from newsreader.operations import forked_server, handover, listening
from newsreader.operations.children import end_with_parent
from newsreader.operations.handover import PATIENCE
from newsreader.operations.migration_lock import migration_lock
from newsreader.operations.old_databases import refuse_old_database
from newsreader.operations.plan import Handover, Plan, execute
from newsreader.operations.poolers import refuse_without_limits
from newsreader.operations.private_files import refuse_open_database, refuse_unwritable_media
from newsreader.request_limits import CONNECTIONS

LINUX = sys.platform == "linux"


class Command(BaseCommand):
    help = "Serve the site with its background worker."
    requires_system_checks = OF_SETTINGS

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)
        # On SQLite, too: a post writes for an eighth of its time. On one processor a second would only take memory.
        parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
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
        settings.WEB_THREADS = options["threads"]
        host, port = options["host"], options["port"]
        if options["check"]:
            self.check(display_num_errors=False)
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
            _apart(self.prepare)
        plan = self.planned(options, before)
        if LINUX and plan.listener is not None:
            environment = plan.environment | {listening.VARIABLE: str(plan.listener)}
            forked = forked_server.fork(plan.server, environment, with_worker=plan.worker is not None, before=before)
            plan = replace(plan, forked=forked)
        execute(plan, handover.command(), handover.first_environment())

    def planned(self, options: dict[str, Any], before: Handover | None) -> Plan:
        """Return what is to be started, with the socket open."""
        host, port = options["host"], options["port"]
        python = [sys.executable]
        worker = [*python, "manage.py", "work"]
        first = handover.first_environment()
        environment = {name: value for name, value in os.environ.items() if first.get(name) != value}
        environment |= {
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "newsreader.settings"),
            "WEB_THREADS": str(options["threads"]),
        }
        listener = None
        if options["reload"]:
            server, worker = [*python, "manage.py", "runserver", f"{host}:{port}"], [*worker, "--reload"]
        else:
            listener = before.listener if before else _take(host, port)
            os.set_inheritable(listener, True)
            server = [
                *python, "-m", "newsreader.front.server", "--port", str(port), "--listener", str(listener),
                "--processes", str(options["processes"]), "--memory", str(settings.PROCESS_MEMORY_LIMIT),
                # A web process that is still starting misses the stop signal, and would keep running.
                "--patience", str(PATIENCE - 5),
            ]  # fmt: skip
        if before:
            os.set_inheritable(before.pulse, True)
        return Plan(
            folder=str(settings.BASE_DIR),
            server=server,
            worker=None if options["no_worker"] else worker,
            environment=environment,
            host=host,
            port=port,
            processes=options["processes"] if listener is not None else 1,
            listener=listener,
            before=before,
            forked=None,
            welcome=self.welcome(),
            log_level=settings.LOG_LEVEL,
            debug=settings.DEBUG,
        )

    def prepare(self) -> None:
        """Migrate the database; on the first run, when there are no users yet, load the demonstration.

        Who does the same at the same time is waited for, and has done it then.
        """
        with migration_lock(connection, self.stderr.write):
            if _migrations_are_missing():
                call_command("migrate", verbosity=0, interactive=False)
                call_command("createcachetable", verbosity=0)
            if _demonstration_is_missing():
                call_command("load_demo", verbosity=0)

    def welcome(self) -> str:
        """Return what is said once the site answers."""
        lines = ["", f"The site:     {settings.SITE_URL}/", f"The newsroom: {settings.SITE_URL}/admin/"]
        password = os.environ.get("DEMO_PASSWORD", "")
        if password and User.objects.filter(username=EDITOR).exists():
            lines.append(f"Sign in as:   editor@example.org   password: {password}")
        return "\n".join([*lines, "Stop with Ctrl-C.", "", ""])


def _apart(work: Callable[[], None]) -> None:
    """Do it in a process of its own: the web server is to have nothing of the memory that it takes."""
    if not LINUX:
        work()
        return
    connections.close_all()  # No connection outlives a fork.
    sys.stdout.flush()
    sys.stderr.flush()
    serve, number = os.getpid(), os.fork()
    if not number:
        end_with_parent(serve)
        work()
        sys.exit(0)
    if code := os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]):
        sys.exit(code if code > 0 else 1)  # It has said why.


def _demonstration_is_missing() -> bool:
    held_already = "DATABASE_URL" in os.environ and Article.objects.exists()
    taken_out = AuditEntry.objects.filter(subject=DEMONSTRATION).exists()
    return not User.objects.exists() and not held_already and not taken_out


def _migrations_are_missing() -> bool:
    """Say whether any was not applied. By their names, where that tells: to read them all takes 0.1 s and 11 MiB."""
    if _names_of_migrations() <= MigrationRecorder(connection).applied_migrations().keys():
        return False
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _names_of_migrations() -> set[tuple[str, str]]:
    """Return the app and the name of each, squashed ones and those that they replace."""
    found = set()
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        if module and (spec := find_spec(module)) and spec.submodule_search_locations:
            names = (each.name for each in iter_modules(spec.submodule_search_locations) if not each.ispkg)
            found |= {(app.label, name) for name in names if name[0] not in "_~"}  # as Django does
    return found


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
