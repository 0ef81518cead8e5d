"""A reader reports a comment and hears what becomes of it; a refused author objects, and another moderator grants it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from comments.models import Comment, MonthlyStats, Report
from comments.moderation.decisions import decide
from comments.objections import transparency
from newsreader.accounts.models import User
from tests.factories import make_comment, make_moderator, set_rules
from tests.journeys.axe import wrong

pytestmark = pytest.mark.usefixtures("transactional_db")
QUEUE = "/admin/moderation/"
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def open_as(browser: Browser, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    """Open a browser of somebody's own: of a guest, or of a user who is signed in; with script or without."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    set_rules(flood_seconds=0, mail_moderators=False)
    contexts: list[BrowserContext] = []

    def open_page(user: User | None = None, *, script: bool = True, **values: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="en", java_script_enabled=script, **values)
        context.set_default_timeout(30_000)  # milliseconds
        contexts.append(context)
        if user:
            client = Client()
            client.force_login(user)
            value = client.cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def refused(by: User) -> Comment:
    comment = make_comment(status="pending", name="Ada", text="The ferry is late every day.")
    decide(comment.pk, "trash", by=by, reason="off_topic")
    return comment


@pytest.mark.parametrize(
    "script",
    [pytest.param(True, id="with script"), pytest.param(False, id="without script", marks=pytest.mark.long)],
)
def test_a_reader_reports_a_comment_and_the_receipt_tells_what_became_of_it(open_as: Any, script: bool) -> None:
    comment = make_comment(name="Bob", text="You are all fools.")
    reader, desk = open_as(script=script, viewport=PHONE), open_as(make_moderator(name="Mia"))
    reader.goto(comment.article.get_absolute_url())

    reader.locator(f"#comment-{comment.pk} .report-link").click()
    reader.get_by_label("against the law").check()
    reader.get_by_label("In your own words").fill("He calls us fools.")
    reader.get_by_role("button", name="Send report").click()

    expect(reader.locator("#refusal")).to_be_visible()  # The law is not named, and what was typed is kept.
    if script:
        expect(reader.locator("#refusal")).to_be_focused()
    expect(reader.get_by_label("In your own words")).to_have_value("He calls us fools.")
    reader.get_by_label("insulting or abusive").check()
    reader.get_by_role("button", name="Send report").click()
    expect(reader.locator("#report-status")).to_contain_text("We have your report.")
    expect(reader.locator(".facts")).to_contain_text("He calls us fools.")
    whole, seen = reader.evaluate("[document.documentElement.scrollWidth, innerWidth]") if script else (0, 0)
    assert whole <= seen

    desk.goto(f"{QUEUE}?status=reported")
    card = desk.locator(f'[data-comment="{comment.pk}"]')
    expect(card.locator(".reported")).to_contain_text("He calls us fools.")
    card.get_by_role("button", name="Trash").click()
    desk.get_by_role("button", name="Insulting or abusive").click()
    expect(desk.locator("#told")).to_contain_text("1 moved to the trash.")

    reader.reload()
    expect(reader.locator("#report-status")).to_have_attribute("data-outcome", "removed")
    expect(reader.locator("#report-status")).to_contain_text("An editor has removed the comment.")
    assert Report.objects.get().outcome == "removed"


@pytest.mark.ci_both
def test_a_refused_author_objects_by_keyboard_and_another_moderator_grants_it(open_as: Any) -> None:
    mia, noor = make_moderator(name="Mia"), make_moderator(name="Noor")
    comment = refused(mia)
    author, hers, desk = open_as(), open_as(mia), open_as(noor)
    author.goto(comment.status_url)
    expect(author.locator("#comment-status")).to_contain_text("We didn’t publish your comment.")

    author.get_by_label("Say why it should be published").focus()
    author.keyboard.type("It is about the ferry, as the article is.")
    author.keyboard.press("Tab")
    expect(author.get_by_role("button", name="Send my appeal")).to_be_focused()
    author.keyboard.press("Enter")
    expect(author.locator(".appeal-outcome")).to_contain_text("We have your appeal.")
    expect(author.locator(".appeal-text")).to_contain_text("It is about the ferry")

    hers.goto(f"{QUEUE}?status=appeals")  # Nobody decides about an objection to their own decision.
    expect(hers.locator("[data-comment]")).to_have_count(0)
    desk.goto(f"{QUEUE}?status=appeals")
    card = desk.locator(f'[data-comment="{comment.pk}"]')
    expect(card.locator(".appeal")).to_contain_text("It is about the ferry")
    card.get_by_role("button", name="Grant the appeal").click()
    expect(desk.locator("#told")).to_contain_text("Appeal granted.")

    author.reload()
    expect(author.locator("#comment-status")).to_have_attribute("data-status", "approved")
    expect(author.locator(".appeal-outcome")).to_contain_text("Your appeal was granted.")
    author.get_by_role("link", name="See it in the article").click()
    expect(author.locator(f"#comment-{comment.pk}")).to_contain_text("late every day")


def submitted(page: Page, path: str, form: str) -> None:
    """Send an empty form, so that the page says what is missing."""
    page.goto(path)
    page.locator(form).evaluate("form => { form.noValidate = true; form.requestSubmit(form.querySelector('button')) }")
    page.wait_for_selector("#refusal")


def test_axe_finds_nothing_wrong_with_what_readers_see_of_moderation(open_as: Any) -> None:
    comment, hidden = make_comment(), refused(make_moderator())
    MonthlyStats.objects.create(month=dt.date(2026, 1, 1), numbers=transparency.monthly_stats(dt.date(2026, 1, 1)))
    transparency.bring_up_to_date()
    page = open_as()
    flag, found = f"/comments/{comment.pk}/flag/", list[str]()

    def report() -> None:
        page.goto(flag)
        page.get_by_label("something else").check()
        page.get_by_role("button", name="Send report").click()
        page.wait_for_selector("#report-status")

    visits: list[Callable[[], Any]] = [
        lambda: page.goto(flag),
        lambda: submitted(page, flag, "#reportform"),
        report,
        lambda: page.goto(hidden.status_url),
        lambda: submitted(page, hidden.status_url, "#appeal form"),
        lambda: page.goto("/transparency/"),
    ]
    for visit in visits:
        visit()
        found += wrong(page, night=320)
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            whole, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert whole <= seen, f"{page.url} is {whole} pixels wide"
    assert not found, "\n".join(found)
