"""Fixtures of the whole suite."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from newsreader.kit import pages

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "Chromium is not installed. Debian, Ubuntu: apt-get install chromium"


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """Limits on signing in and on the API live in the cache, rendered pages in the process; no test inherits them."""
    yield
    pages._kept.clear()
    try:
        cache.clear()
    except (DatabaseError, RuntimeError):
        pass  # This test had no database, so its cache holds nothing.


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
