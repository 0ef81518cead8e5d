"""What the journeys measure pages with finds what it is to find, and nothing else: small targets, and focus unseen or lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.journeys.keyboard import Keyboard
from tests.journeys.targets import small

LINK = '<a href="#" style="display: inline-block; width: 100px; height: {}px; margin-block-end: {}px">go</a>'


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (LINK.format(24, 0) * 2, 0),
        ((LINK.format(18, 0) + "<br>") * 2, 2),  # Lines of links, 18 pixels each.
        ((LINK.format(18, 8) + "<br>") * 2, 0),  # As far apart as if they were 24.
        ("<a href='#' style='display: block; height: 18px'>go</a><button style='width: 100%; height: 40px'>go</button>", 1),
        ("<p>We wrote to <a href='#'>the board</a> and to <a href='#'>the harbour</a>.</p>", 0),
        ("<p><a href='#'>a</a> <a href='#'>b</a></p>", 2),  # Beside each other, but in no sentence.
        ("<label style='display: block; line-height: 24px'><input type=checkbox> Yes</label>" * 2, 0),
        ("<input type=checkbox style='margin: 0'><input type=checkbox style='margin: 0'>", 2),
        (f"<div hidden>{LINK.format(9, 0) * 2}</div>", 0),
    ],
)  # fmt: skip
def test_targets_are_large_or_apart(page: Page, html: str, found: int) -> None:
    page.set_content(f"<!doctype html><body style='font: 16px/1.2 sans-serif'>{html}")
    assert len(small(page)) == found, small(page)


TWO = "<!doctype html><style>{}</style><button id=a>a</button> <button id=b onclick='{}'>b</button> <button id=c>c</button>"


def test_a_place_that_does_not_show_its_focus_is_found(page: Page) -> None:
    page.set_content(TWO.format("button:focus { outline: 0 }", ""))
    with pytest.raises(AssertionError, match="does not show that it has the focus"):
        Keyboard(page).reach(page.locator("#c"))


def test_a_place_that_shows_its_focus_is_reached_in_as_many_stops_as_there_are(page: Page) -> None:
    page.set_content(TWO.format("button:focus { outline: 0; background: gold }", ""))
    hands = Keyboard(page)
    hands.reach(page.locator("#c"))
    assert hands.stops == 3


def test_focus_that_goes_with_what_was_pressed_is_missed(page: Page) -> None:
    page.set_content(TWO.format("", "this.remove()"))
    hands = Keyboard(page)
    hands.open(page.locator("#b"))
    with pytest.raises(AssertionError, match="The focus is lost after"):
        hands.keeps_its_place()


def test_what_no_tab_leads_to_is_no_way(page: Page) -> None:
    page.set_content(TWO.format("", "") + "<span id=d onclick=''>d</span>")
    with pytest.raises(AssertionError, match="No way by Tab"):
        Keyboard(page).reach(page.locator("#d"))
