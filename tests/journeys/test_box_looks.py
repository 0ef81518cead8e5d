"""Every state of the box, as everybody meets it: axe, the smallest phone, twice the size, dark, mirrored, keys alone.

`SHOTS=folder` writes a picture of each state, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from articles.models.article import Article
from tests.factories import make_article, make_comment, set_rules
from tests.journeys.axe import wrong
from tests.standin import Case, StandIn

pytestmark = pytest.mark.usefixtures("transactional_db")
WORD = "Donaudampfschifffahrtsgesellschaft" * 4
TEXT = "The ferry was late again. Who pays for that?"
Scene = Callable[[Page, Article, StandIn], Any]


def way(page: Page, name: str) -> Any:
    return page.locator(f'#commentform button[data-provider="{name}"]')


def write(page: Page, article: Article) -> None:
    page.goto(article.get_absolute_url())
    page.get_by_label("Comment", exact=True).fill(TEXT)


def guest(page: Page, article: Article, standin: StandIn) -> None:
    write(page, article)


def without_providers(page: Page, article: Article, standin: StandIn) -> None:
    from django.conf import settings

    settings.SIGN_IN_WITH = ()
    write(page, article)


def connecting(page: Page, article: Article, standin: StandIn) -> None:
    standin.case = Case(consent=True)
    write(page, article)
    with page.expect_popup() as opened:
        way(page, "facebook").click()
    opened.value.get_by_role("button", name="Allow").wait_for()
    page.bring_to_front()
    expect(page.locator(".connecting")).to_be_visible()
    # A page in the background finishes its transitions late.
    page.evaluate(
        "() => Promise.allSettled(document.getAnimations().filter((each) => each instanceof CSSTransition)"
        ".map((each) => each.finished))"
    )


def called_off(page: Page, article: Article, standin: StandIn) -> None:
    connecting(page, article, standin)
    page.locator(".connecting [data-action=cancel]").click()
    expect(way(page, "facebook")).to_be_visible()


def refused(page: Page, article: Article, standin: StandIn) -> None:
    standin.case = Case(deny=True)
    page.add_init_script("window.open = () => null")
    write(page, article)
    way(page, "google").click()
    expect(page.locator("[data-code=sign_in_denied]")).to_be_visible()


def failed(page: Page, article: Article, standin: StandIn) -> None:
    standin.case = Case(token_status=500)
    page.add_init_script("window.open = () => null")
    write(page, article)
    way(page, "wordpress").click()
    expect(page.locator("[data-code=sign_in_failed]")).to_be_visible()


def signed_in(page: Page, article: Article, standin: StandIn) -> None:
    standin.case = Case(name=f"Grace {WORD}")
    write(page, article)
    with page.expect_popup():
        way(page, "x").click()
    expect(page.locator(".commenting-as")).to_be_visible()


def changing(page: Page, article: Article, standin: StandIn) -> None:
    signed_in(page, article, standin)
    page.get_by_role("button", name="Change").click()
    expect(way(page, "guest")).to_be_visible()


def code(page: Page, article: Article, standin: StandIn) -> None:
    write(page, article)
    page.get_by_label("Email").fill("grace@example.org")
    way(page, "email").click()
    expect(page.locator(".code-entry")).to_be_visible()


def wrong_code(page: Page, article: Article, standin: StandIn) -> None:
    code(page, article, standin)
    page.get_by_label("Code", exact=True).fill("nonsense")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#error-code")).to_be_visible()


def wrong_fields(page: Page, article: Article, standin: StandIn) -> None:
    write(page, article)
    page.get_by_label("Email").fill("no address")
    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator("#error-email")).to_be_visible()


def members_only(page: Page, article: Article, standin: StandIn) -> None:
    set_rules(registration_required=True)
    page.goto(article.get_absolute_url())


def replying(page: Page, article: Article, standin: StandIn) -> None:
    comment = make_comment(article, name=WORD)
    page.goto(article.get_absolute_url())
    page.locator(f"#comment-{comment.pk} .reply-link").click()


SCENES: list[Scene] = [
    guest, without_providers, connecting, called_off, refused, failed, signed_in, changing, code, wrong_code,
    wrong_fields, members_only, replying,
]  # fmt: skip


# One of each kind of thing that a state shows: fields, a wait, somebody's name, a message.
SAMPLE = {guest, connecting, signed_in, wrong_code}


@pytest.mark.parametrize(
    "scene",
    [pytest.param(scene, id=scene.__name__, marks=[] if scene in SAMPLE else pytest.mark.long) for scene in SCENES],
)
def test_each_state_is_for_everybody(page: Page, standin: StandIn, settings: Any, scene: Scene) -> None:
    settings.SIGN_IN_WITH = settings.SIGN_IN_WITH  # Put back after the test.
    article = make_article()
    page.emulate_media(reduced_motion="reduce")  # So that no colour is met half-way.
    scene(page, article, standin)
    assert not wrong(page, within="#respond", night=320)
    sizes: list[ViewportSize] = [{"width": 1280, "height": 900}, {"width": 320, "height": 640}]
    for size in sizes:
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            if folder := os.environ.get("SHOTS"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
                page.locator("#respond").screenshot(path=f"{folder}/{scene.__name__}-{size['width']}-{scheme}.png")
        for direction in ("rtl", "ltr"):
            page.evaluate("direction => { document.documentElement.dir = direction }", direction)
            wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{size} {direction}: {wide} pixels too wide"
            if direction == "rtl" and (folder := os.environ.get("SHOTS")):
                page.locator("#respond").screenshot(path=f"{folder}/{scene.__name__}-{size['width']}-rtl.png")
    hides_nothing_at_twice_the_size(page)
    page.emulate_media(forced_colors="active")
    borders = page.evaluate(
        "() => [...document.querySelectorAll('#respond button:not(.link), #respond input:not([type=checkbox])')]"
        ".filter(one => one.checkVisibility()).map(one => [getComputedStyle(one).borderTopStyle, one.outerHTML])"
    )
    assert borders
    assert not [element for style, element in borders if style == "none"]


def hides_nothing_at_twice_the_size(page: Page) -> None:
    """200 % of 1280 pixels leaves 640; text alone at twice the size must fit as well."""
    page.set_viewport_size({"width": 640, "height": 450})
    page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    edges = page.evaluate(
        "() => [...document.querySelectorAll('#respond button, #respond input')].filter(one => one.checkVisibility())"
        ".map(one => { one.scrollIntoView(); const box = one.getBoundingClientRect(); return [box.left, box.right] })"
    )
    assert edges
    assert min(left for left, _ in edges) >= 0
    assert max(right for _, right in edges) <= 640


def test_the_way_through_the_box_by_keys_alone_is_the_way_one_reads_it(page: Page, standin: StandIn) -> None:
    page.goto(make_article().get_absolute_url())
    page.get_by_label("Comment", exact=True).focus()
    met = ["reply-text"]
    for _ in range(17):
        page.keyboard.press("Tab")
        met.append(
            page.evaluate(
                "() => { const e = document.activeElement; return e.id || e.dataset.provider || e.innerText.trim() }"
            )
        )
    assert met == [
        "reply-text", "reply-email", "reply-name", "reply-website", "reply-remember", "reply-notify", "Post Comment",
        "wordpress", "facebook", "google", "apple", "x", "github", "microsoft", "oidc", "email", "passkey", "Use a password",
    ]  # fmt: skip
    tops = page.evaluate(
        "() => ['#reply-text', '#reply-email', '.send button', '.way-icons button', '[data-provider=email]']"
        ".map((part) => document.querySelector(`#commentform ${part}`).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)


def test_what_changes_is_said_and_focus_goes_where_one_goes_on(page: Page, standin: StandIn) -> None:
    standin.case = Case(consent=True)
    write(page, make_article())
    with page.expect_popup() as opened:
        way(page, "oidc").press("Enter")
    status = page.locator("#reply-status")
    expect(status).to_have_text("Connecting to Harbour ID…")
    expect(status).to_have_css("position", "absolute")  # To be seen once, beside Cancel.
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    opened.value.get_by_role("button", name="Allow").click()
    expect(page.locator(".commenting-as")).to_be_focused()
    page.get_by_role("button", name="Change").press("Enter")
    expect(page.get_by_role("group", name="Log in", exact=True)).to_be_focused()
    page.get_by_role("button", name="Keep this account").press("Enter")
    expect(page.locator(".commenting-as")).to_be_focused()
    page.get_by_role("button", name="Log Out").press("Enter")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    expect(status).to_have_text("You have logged out.")


def test_escape_calls_a_trip_off(page: Page, standin: StandIn) -> None:
    connecting(page, make_article(), standin)
    page.keyboard.press("Escape")
    expect(page.locator(".connecting")).to_have_count(0)
    # Not to_be_focused: a window that closes may leave none in front.
    page.wait_for_function("() => document.activeElement.dataset.provider === 'facebook'")
    assert page.get_by_label("Comment", exact=True).input_value() == TEXT


@pytest.mark.parametrize(
    ("scene", "script"),
    [
        pytest.param(changing, True, id="with script"),
        pytest.param(members_only, False, id="without"),
        pytest.param(changing, False, id="without, changing", marks=pytest.mark.long),
        pytest.param(members_only, True, id="with script, members only", marks=pytest.mark.long),
    ],
)
def test_enter_after_an_address_asks_for_the_code(page: Page, standin: StandIn, scene: Scene, script: bool) -> None:
    """And neither logs out nor starts the first trip, whose buttons come first."""
    scene(page, make_article(), standin)
    if not script:
        page.locator("#respond").evaluate("part => part.replaceWith(part.cloneNode(true))")  # Nobody listens to it.
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Email").press("Enter")
    expect(page.locator(".code-entry")).to_contain_text("ada@example.org")


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(guest, id="guest"),
        pytest.param(changing, id="changing", marks=pytest.mark.long),
        pytest.param(members_only, id="members only", marks=pytest.mark.long),
    ],
)
def test_no_way_is_broken_over_lines(page: Page, standin: StandIn, settings: Any, scene: Scene) -> None:
    scene(page, make_article(), standin)
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        lines = page.eval_on_selector_all(
            ".way span", "all => all.map(one => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight))"
        )
        assert len(lines) >= 10
        assert max(lines) < 1.5, f"{width}: {lines}"
