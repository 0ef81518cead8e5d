"""Fixtures of the whole suite."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from newsreader.kit import pages
from tests.standin import standin, standin_server  # noqa: F401  The login providers, for every room's tests.

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
# A busy machine is slow, and no test is about time.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# The shell without a window does the same work in half the processor's time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
MISSING = "Chromium is not installed. Debian: apt-get install chromium-headless-shell. Ubuntu: chromium"


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """Limits on signing in and on the API live in the cache, rendered pages in the process; no test inherits them."""
    yield
    pages._kept.clear()
    try:
        for alias in settings.CACHES:
            caches[alias].clear()
    except (DatabaseError, RuntimeError):
        pass  # This test had no database, so its cache holds nothing.


# What takes longest, the longest first.
LONGEST = (
    "tests/test_killed.py",
    "tests/test_private_bytes.py",
    "tests/test_serve.py",
    "tests/journeys/",
    "tests/attack/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every process begin with its share of what takes longest, so that none is left with it when others are done.

    Each process gets as many tests as any other, in one piece, and takes from another's end when it has no more.
    """
    long = sorted((item for item in items if item.nodeid.startswith(LONGEST)), key=_rank)
    short = [item for item in items if not item.nodeid.startswith(LONGEST)]
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = -(-len(short) // processes)
    items[:] = [item for at in range(processes) for item in (*long[at::processes], *short[at * size : (at + 1) * size])]


def _rank(item: pytest.Item) -> int:
    return next(at for at, start in enumerate(LONGEST) if item.nodeid.startswith(start))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what is left of this run's databases: a browser's connection keeps SQLite's log until the process ends."""
    run = os.environ.get("TEST_RUN")
    if run and not hasattr(config, "workerinput"):  # Whoever started the processes is the last to go.
        for file in (settings.BASE_DIR / "var").glob(f"test-{run}[._]*"):
            file.unlink(missing_ok=True)


_written: dict[str, tuple[str, list[tuple]]] = {}  # What migrations wrote: by table, its INSERT and its rows.
# The hook below empties the tables. Django's own way would do so before it, and write permissions for nothing.
TransactionTestCase._fixture_teardown = lambda self: None  # type: ignore[attr-defined, method-assign]


def _commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture(autouse=True)
def _rows_of_the_migrations(request: pytest.FixtureRequest, django_db_blocker: Any) -> None:
    """Take down, before the first test that commits, what migrations wrote."""
    if _commits(request.node) and not _written:
        request.getfixturevalue("django_db_setup")
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            for table in _tables():
                cursor.execute(f'SELECT * FROM "{table}"')
                if rows := cursor.fetchall():
                    names = ", ".join(f'"{column[0]}"' for column in cursor.description)
                    values = ", ".join("%s" for _ in cursor.description)
                    _written[table] = f'INSERT INTO "{table}" ({names}) VALUES ({values})', rows


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Bring back what migrations wrote (groups, the single rows) after a test that commits and is cleared up after.

    In a hook, since it must come after the teardown of every fixture; so whichever test this process takes next finds
    the rows. Django's own way keeps them on the connection, and a browser's event loop in the thread has another.
    """
    result = yield
    if _commits(item) and nextitem is not None:  # After the last test the database itself is gone.
        with item.funcargs["django_db_blocker"].unblock():
            _as_after_the_migrations()
            connection.close()
    return result


def _tables() -> list[str]:
    """Every table; those of the search are no model's, so Django does not know them."""
    searched = (
        ["articles_search"] if connection.vendor == "postgresql" else ["articles_search", "articles_search_places"]
    )
    return [*searched, *connection.introspection.django_table_names(only_existing=True)]


def _as_after_the_migrations() -> None:
    """Leave no row but theirs, whatever refers to whatever. Without TRUNCATE, which writes new files for each table."""
    is_postgres = connection.vendor == "postgresql"
    if not is_postgres:
        connection.disable_constraint_checking()
    with transaction.atomic(), connection.cursor() as cursor:
        if is_postgres:
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table in _tables():
            cursor.execute(f'DELETE FROM "{table}"')
        for insert, rows in _written.values():
            cursor.executemany(insert, rows)
    if not is_postgres:
        connection.enable_constraint_checking()


@pytest.fixture
def shared() -> Path:
    """The folder of real material. Where it is absent, the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the material in {SHARED.name}/ beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, the system's own."""
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                # Whatever a page tries to reach: there is nothing but this machine.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, live_server: Any, settings: Any) -> Iterator[BrowserContext]:
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    context = browser.new_context(base_url=live_server.url, locale="en")
    context.set_default_timeout(10_000)  # milliseconds
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
