"""Fixtures of the whole suite."""

from __future__ import annotations

import fcntl
import gc
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError
from django.test import TransactionTestCase
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import tests.append_only  # noqa: F401  Watches every connection.
from articles.public import page_frames, teasers
from comments.audit import refusal_reasons
from comments.notifications import fan_out
from newsreader import article_page
from newsreader.kit import http_cache
from newsreader.operations import metrics_view, readiness
from tests.databases import (  # noqa: F401
    django_db_setup,
    pytest_runtest_teardown,
    pytest_sessionfinish,
    transactional_db,
)
from tests.machine import CHROMIUM, SHARED
from tests.standin import standin, standin_server  # noqa: F401  The login providers, for every room's tests.

# A busy machine is slow, and no test is about time. Each run draws others: `make test-long` draws many at once.
hypothesis.settings.register_profile("house", deadline=None, max_examples=50)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=500)
hypothesis.settings.load_profile("house")

MISSING = "Chromium is not installed. Debian: apt-get install chromium-headless-shell. Ubuntu: chromium"


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """Limits live in the cache; rendered pages, the reasons that are offered, answers that stand for a second and what
    followers were told of in the process. No test inherits them."""
    yield
    http_cache._kept.clear()
    article_page._frames.clear()
    page_frames._frames.clear()
    readiness.last.forget()
    metrics_view.gauges.forget()
    teasers._teasers.clear()
    refusal_reasons._forget()
    fan_out._told.clear()
    for alias in settings.CACHES:
        with suppress(DatabaseError, RuntimeError):  # This test had no database, or it is restored as a whole.
            caches[alias].clear()


# What takes longest, the longest first.
LONGEST = (
    "tests/operations/test_killed.py",
    "tests/test_private_bytes.py",
    "tests/operations/test_serve.py",
    "tests/journeys/",
    "tests/attack/",
)


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a database or a browser: `-m` chooses by it."""
    fixtures = set(getattr(item, "fixturenames", ()))
    if "browser" in fixtures:
        item.add_marker("browser")
        item.add_marker("slow")
    asked = fixtures & {"db", "transactional_db", "live_server"} or item.get_closest_marker("django_db")
    if asked or issubclass(getattr(item, "cls", None) or object, TransactionTestCase):
        item.add_marker("database")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[object]:
    """Have one process of a fresh checkout compile the tests, for all: at the same time, each would compile every one."""
    here = Path(__file__).parent
    compiled = {file.name.partition(".")[0] for file in here.glob("__pycache__/test_*.pyc")}
    if not hasattr(session.config, "workerinput") or compiled >= {file.stem for file in here.glob("test_*.py")}:
        return (yield)
    with (settings.BASE_DIR / "var" / f"test-{os.environ['TEST_RUN']}.collecting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Sample the cases that CI runs on its second database before `-m` chooses, and order what was chosen."""
    _sample(items)
    yield
    items[:] = _longest_first(items)


def _sample(items: list[pytest.Item]) -> None:
    """Leave the first and the last of a test's cases for CI's second database.

    Cases mostly differ in what Python makes of them, and ask the database the same. `ci_both` says where they do not.
    """
    tests: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if not any(map(item.get_closest_marker, ("ci_both", "ci_sqlite", "ci_postgresql"))):
            tests[item.nodeid.partition("[")[0]].append(item)
    for cases in tests.values():
        for case in cases[1:-1]:
            case.add_marker("ci_sqlite")


def _longest_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Let every process begin with its share of what takes longest, so that none is left with it when others are done.

    What takes longest is dealt by files: one process makes what a file's tests have in common, such as a site that runs.
    Each process gets as many tests as any other, in one piece, and takes from another's end when it has no more.
    """
    long: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in sorted((item for item in items if item.nodeid.startswith(LONGEST)), key=_rank):
        long[item.nodeid.partition("::")[0]].append(item)
    short = iter([item for item in items if not item.nodeid.startswith(LONGEST)])
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    files, size = list(long.values()), -(-len(items) // processes)
    ordered: list[pytest.Item] = []
    for at in range(processes):
        share = [item for file in files[at::processes] for item in file]
        ordered += [*share, *islice(short, max(0, size - len(share)))]
    return [*ordered, *short]


def _rank(item: pytest.Item) -> int:
    return next(at for at, start in enumerate(LONGEST) if item.nodeid.startswith(start))


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what stays to the end: it is most of what there is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what is left of this run's databases: a browser's connection keeps SQLite's log until the process ends."""
    run = os.environ.get("TEST_RUN")
    if run and not hasattr(config, "workerinput"):  # Whoever started the processes is the last to go.
        for file in (settings.BASE_DIR / "var").glob(f"test-{run}[._]*"):
            file.unlink(missing_ok=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not compared with real material."""
    reports = terminalreporter.getreports("skipped")
    skipped = [report for report in reports if re.search(rf"\b{SHARED.name}\b", report.longrepr[-1])]
    if skipped:
        terminalreporter.section("real material is missing", red=True, bold=True)
        terminalreporter.write_line(
            f"{len(skipped)} tests of real material skipped: {SHARED} is not there, or not whole.", red=True, bold=True
        )


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
    expect.set_options(timeout=20_000)  # milliseconds; on a busy machine a page takes long, and no test is about time
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                # One process for all pages and none for graphics, which nobody looks at: an eighth of the work.
                "--in-process-gpu",
                "--renderer-process-limit=1",
                "--disable-software-rasterizer",
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
    context.set_default_timeout(30_000)  # milliseconds
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
