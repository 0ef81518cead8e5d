"""What the attacks need: the lists, a sealed browser, and rules that let every text in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from articles.models.site import Site
from tests.attack import lists
from tests.attack.stage import Stage
from tests.attack.tally import Tally
from tests.factories import set_rules

ALL = pytest.StashKey[Tally]()


@pytest.fixture(scope="module")
def tally(pytestconfig: pytest.Config) -> Iterator[Tally]:
    """What this process counts; at the end it joins what the others have."""
    lists.require()
    counted = Tally()
    yield counted
    if (output := getattr(pytestconfig, "workeroutput", None)) is not None:
        output.setdefault("attack", []).append(counted.plain())
    else:
        pytestconfig.stash.setdefault(ALL, Tally()).add(counted.plain())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A process of xdist has ended."""
    for counted in (getattr(node, "workeroutput", None) or {}).get("attack", []):
        node.config.stash.setdefault(ALL, Tally()).add(counted)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if (every := config.stash.get(ALL, None)) is not None:
        terminalreporter.section("attacks")
        terminalreporter.write_line(every.table())


@pytest.fixture
def open_house(db: Any) -> None:
    """Nothing is held or counted, and hundreds stand on a page."""
    set_rules(
        flood_seconds=0, max_links=0, hold_first_comment=False, mail_moderators=False, roots_per_page=1000,
        replies_shown=1000, thread_page_size=1000,
    )  # fmt: skip
    Site.objects.filter(pk=1).update(articles_per_page=300)


@pytest.fixture
def stage(browser: Browser, tally: Tally, open_house: None) -> Iterator[Stage]:
    stage = Stage(browser, tally)
    yield stage
    stage.close()
