"""What every page owes its readers: contrast and names that axe accepts, no sideways scrolling, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from articles.models import Article
from comments.moderation import decide
from tests.factories import make_article, make_author, make_comment, make_section, make_tag

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}
SMALLEST: ViewportSize = {"width": 320, "height": 640}
WORD = "Donaudampfschifffahrtsgesellschaft" * 5
SCRIPT = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture
def complaints(page: Page, live_server: Any) -> list[str]:
    """What the browser says against our pages: refusals by the policy, and requests that leave the house."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if "Security Policy" in said.text else None)
    page.on("request", lambda sent: None if sent.url.startswith((live_server.url, "data:")) else found.append(sent.url))
    return found


def make_discussion(**values: Any) -> Article:
    """An article with everything that its page can show, and a thread with a removed comment in its middle."""
    article = make_article(section=make_section(), authors=[make_author()], **values)
    article.tags.add(make_tag())
    comment = removed = make_comment(article, text="*Well* said: `yes`\n\n> quoted\n\n- one\n- two")
    for _ in range(5):
        comment, removed = make_comment(parent=comment, text=f"{WORD}\n\n    {WORD}", name=WORD), comment
    decide(removed.pk, "trash", reason="made_for_a_test")
    return article


def refused_reply(page: Page, article: Article) -> None:
    page.goto(f"/articles/{article.pk}/reply/")
    page.locator("#commentform").evaluate("form => { form.noValidate = true; form.submit() }")
    page.wait_for_selector("#refusal")


def test_axe_finds_nothing_wrong(page: Page, complaints: list[str]) -> None:
    article = make_discussion()
    page.set_viewport_size(PHONE)
    visits: list[Callable[[], Any]] = [
        *(lambda path=path: page.goto(path) for path in ("/", article.get_absolute_url(), "/nothing/")),
        *(lambda path=path: page.goto(f"/accounts/{path}/") for path in ("login", "signup", "login/code")),
        lambda: refused_reply(page, article),
    ]
    for visit in visits:
        visit()
        page.emulate_media(color_scheme="light", reduced_motion="reduce")  # So that no colour is met half-way.
        report = Axe().run(page)
        assert not report.violations_count, f"{page.url}: {report.generate_report()}"
        page.emulate_media(color_scheme="dark")
        report = Axe().run(page, options={"runOnly": ["color-contrast"]})  # All else is as by day.
        assert not report.violations_count, f"{page.url}, dark: {report.generate_report()}"
    assert not complaints


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_nothing_makes_a_small_phone_scroll_sideways(page: Page, complaints: list[str], direction: str) -> None:
    row = "<tr>" + "<td>1,234,567</td>" * 12 + "</tr>"
    body = f"<p>{WORD}</p><table>{row}{row}</table><pre>{WORD} {WORD}</pre><ul><li>{WORD}</li></ul>"
    article = make_discussion(headline=WORD, standfirst=WORD, body=body)
    page.set_viewport_size(SMALLEST)
    for path in ("/", article.get_absolute_url(), f"/articles/{article.pk}/reply/", "/accounts/signup/"):
        page.goto(path)
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        whole, seen = page.evaluate(SCRIPT)
        assert whole <= seen, f"{path} is {whole} pixels wide"
    assert not complaints
