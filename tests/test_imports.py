"""What each kind of process imports, and what it must not: memory and time of every start. Add what creeps in."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from newsreader.settings import BASE_DIR
from tests.databases import TEMPLATE

REST = {"rest_framework.serializers", "rest_framework.views", "drf_spectacular.openapi"}
PAGES = {
    "newsreader.urls", "newsreader.views", "newsreader.article_page", "articles.newsroom.article_admin", "comments.api",
    "comments.desk.queue_views", "comments.discussion.threads", "newsreader.accounts.forms", "allauth.account.views",
}  # fmt: skip
LIBRARIES = {"PIL", "pillow_heif", "markdown_it", "nh3", "re2", "prometheus_client", "structlog"}
OF_PAGES = {"fido2", "cryptography", "requests", "charset_normalizer", "yaml", "lxml", "unittest", "django.test"}
COMMANDS = {
    "newsreader.transfer.load", "newsreader.demo.loader", "newsreader.operations.backups.making", "pyrage", "boto3",
    "newsreader.operations.migration_rules", "anymail",
}  # fmt: skip
WORKER = {"newsreader.operations.worker", "newsreader.operations.schedule", "newsreader.management.commands.work"}
WATCHER = {"newsreader.operations.watch", "newsreader.operations.supervisor"}
TESTS = {"tests", "pytest"}
# What libraries import for others (newsreader.kit.sparing_imports).
SPARED = {
    "rich", "pygments", "jinja2", "unittest", "django.test", "psycopg", "greenlet", "chardet", "charset_normalizer.api",
    "fido2", "cryptography", "pillow_heif",
}  # fmt: skip
# What `serve` leaves in the memory of all that are forked from it.
SERVE = "import newsreader.management.commands.serve"

SETUP = "import django; django.setup()"
KINDS = {
    "a command at its prompt": (
        SETUP,
        REST | PAGES | LIBRARIES | OF_PAGES | COMMANDS | WORKER | WATCHER | TESTS | {"psycopg", "granian", "brotli"},
    ),
    "the worker, with its checks and its mails": (
        f"{SETUP}; from newsreader.management.commands.work import Command as C;"
        "C().check(tags=C.requires_system_checks);"
        "from django.template import engines; engines['django']; import newsreader.context_processors",
        REST | PAGES | OF_PAGES | COMMANDS | WATCHER | TESTS | {"psycopg", "granian", "brotli"},
    ),
    "a web process": (
        "from newsreader.front.preloading import preload; preload()",
        COMMANDS | WORKER | WATCHER | TESTS | SPARED | {"boto3", "lxml"},
    ),
    "`serve`, until it forks the server": (
        f"{SETUP}; {SERVE}",
        REST | PAGES | LIBRARIES | OF_PAGES | COMMANDS | WORKER | WATCHER | TESTS | {"psycopg", "granian", "brotli"},
    ),
    "a web process that `serve` has forked": (
        f"{SETUP}; {SERVE}; from newsreader.front.preloading import preload; preload()",
        COMMANDS | WORKER | WATCHER | TESTS | SPARED | {"boto3", "lxml"},
    ),
    "the process that watches": (
        "import newsreader.operations.watch, newsreader.operations.plan",
        {"django", "asyncio", "multiprocessing", "email", "ssl", "http", "newsreader.settings", "environ", "granian"}
        | REST | PAGES | LIBRARIES | OF_PAGES | COMMANDS | WORKER | TESTS,
    ),
}  # fmt: skip


def imported(program, database="sqlite://:memory:"):
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    role = {"NEWSREADER_ROLE": "web"} if "preload" in program else {}
    environment = kept | role | {
        "DJANGO_SETTINGS_MODULE": "newsreader.settings", "ENV_FILES": "", "SECRET_KEY": "s" * 50,
        "DATABASE_URL": database,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys; {program}; print(json.dumps(sorted(sys.modules)))"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_imports_what_only_others_need(kind):
    program, unwanted = KINDS[kind]
    assert imported(program) & unwanted == set()


@pytest.mark.django_db  # It makes the database that is copied.
def test_what_web_processes_share_is_without_threads_and_connections(tmp_path, settings):
    """Neither outlives the fork. The first pages have been made by then, from a database, and the answer of `/healthz`."""
    if not settings.SQLITE:
        pytest.skip("What closes one closes the other; no other database is a file to copy.")
    shutil.copy(TEMPLATE, tmp_path / "site.sqlite3")
    program = "import threading; from newsreader.front.preloading import preload; preload()"
    asked = (
        "from django.db import connections as c; from newsreader.front.first_pages import Made; assert Made.front_page;"
        "from newsreader.front.application import application as a; assert a._health.status == 200;"
        "assert threading.active_count() == 1; assert not [x for x in c.all(True) if x.connection]"
    )
    imported(f"{program}; {asked}", f"sqlite:///{tmp_path}/site.sqlite3")
