"""A reply from the first look to its place under the article, in a browser that runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from articles.models.article import Article
from comments.models import Comment
from comments.moderation.decisions import decide
from tests.factories import make_article, make_comment, make_user

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def context(browser: Browser, live_server: Any, settings: Any) -> Iterator[BrowserContext]:
    """A browser that runs no script."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    context = browser.new_context(base_url=live_server.url, locale="en", java_script_enabled=False)
    context.set_default_timeout(30_000)  # milliseconds
    yield context
    context.close()


@pytest.fixture
def article() -> Article:
    return make_article()


def fill_in(page: Page, text: str, *, name: str = "Ada", email: str = "ada@example.org") -> None:
    page.get_by_label("Comment", exact=True).fill(text)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Email").fill(email)


def send(page: Page) -> None:
    page.get_by_role("button", name="Post Comment").click()


@pytest.mark.ci_both
def test_a_guest_replies_in_one_step_waits_is_published_and_is_trusted_from_then_on(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    expect(page.get_by_role("heading", name="Leave a Reply")).to_be_visible()
    fill_in(page, "The sea was calm.")
    send(page)

    expect(page.locator(".comment-status")).to_contain_text("waiting for an editor")
    expect(page.locator(".comment-text")).to_have_text("The sea was calm.")
    comment = Comment.objects.get()
    assert page.url.endswith(comment.status_url)

    page.get_by_role("link", name="Back to the article").click()
    expect(page.locator("#respond")).to_be_visible()
    expect(page.locator(f"#comment-{comment.pk}")).to_have_count(0)

    decide(comment.pk, "approved")
    page.reload()
    expect(page.locator(f"#comment-{comment.pk} .comment-text")).to_have_text("The sea was calm.")
    expect(page.locator("#comments-title")).to_have_text("1 comment")

    fill_in(page, "It was calm on Tuesday, too.")
    send(page)
    page.wait_for_url("**?new=*")
    second = Comment.objects.get(body="It was calm on Tuesday, too.")
    expect(page.locator(f"#comment-{second.pk}")).to_be_in_viewport()
    assert page.url.endswith(f"?new={second.pk}#comment-{second.pk}")

    page.goto(comment.status_url)
    expect(page.locator(".comment-status")).to_contain_text("It is published.")


def test_errors_come_back_with_everything_typed(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    fill_in(page, "Kept, *as typed*.", email="ada@nowhere")
    page.get_by_label("Website").fill("javascript:alert(1)")
    # The browser would stop at the address. A program that only reads HTML would not.
    page.locator("#commentform").evaluate("form => form.noValidate = true")
    send(page)

    expect(page.locator("#refusal")).to_be_visible()
    expect(page.locator("#error-email")).to_have_attribute("data-code", "require_valid_email")
    expect(page.locator("#error-website")).to_have_attribute("data-code", "require_valid_url")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Kept, *as typed*.")
    expect(page.get_by_label("Name")).to_have_value("Ada")
    expect(page.get_by_label("Email")).to_have_value("ada@nowhere")
    expect(page.get_by_label("Website")).to_have_value("javascript:alert(1)")
    assert Comment.objects.count() == 0

    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Website").fill("example.org")
    send(page)
    expect(page.locator(".comment-status")).to_contain_text("waiting for an editor")
    assert Comment.objects.get().website == "https://example.org"


def test_a_reply_to_a_comment_goes_through_the_private_page(page: Page, article: Article):
    parent = make_comment(article, name="Grace", text="Will it run on Sundays?")
    page.goto(article.get_absolute_url())
    page.get_by_role("link", name="Reply to Grace").click()
    page.get_by_role("link", name="Cancel reply").click()
    page.wait_for_url(f"**{article.get_absolute_url()}#respond")
    page.get_by_role("link", name="Reply to Grace").click()

    expect(page.get_by_role("heading", name="Leave a Reply to Grace")).to_be_visible()
    expect(page.locator("blockquote.answered")).to_contain_text("Will it run on Sundays?")
    fill_in(page, "It will, at ten.")
    send(page)
    expect(page.locator(".comment-status")).to_be_visible()
    answer = Comment.objects.get(parent=parent)
    decide(answer.pk, "approved")

    page.goto(article.get_absolute_url())
    under = page.locator("li", has=page.locator(f"> #comment-{parent.pk}")).locator(".replies")
    expect(under.locator(f"#comment-{answer.pk} .comment-text")).to_have_text("It will, at ten.")


def test_somebody_signed_in_confirms_once(page: Page, context: BrowserContext, live_server: Any, article: Article):
    user = make_user("grace")
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page.goto(article.get_absolute_url())
    fill_in(page, "Said with a name of my own.", name="Whoever", email="whoever@example.org")
    send(page)

    expect(page.locator("#refusal")).to_have_attribute("data-code", "forgery_refused")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Said with a name of my own.")
    expect(page.locator(".commenting-as")).to_contain_text("grace")
    assert Comment.objects.count() == 0

    send(page)
    expect(page.locator(".comment-status")).to_contain_text("waiting for an editor")
    assert Comment.objects.get().identity.user == user


def test_who_asks_to_be_remembered_finds_the_form_filled_in(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    fill_in(page, "Remember me.")
    page.get_by_label("Keep my details in this browser").check()
    send(page)
    expect(page.locator(".comment-status")).to_be_visible()

    page.goto(f"/articles/{article.pk}/reply/")
    expect(page.get_by_label("Name")).to_have_value("Ada")
    expect(page.get_by_label("Email")).to_have_value("ada@example.org")
    expect(page.get_by_label("Keep my details in this browser")).to_be_checked()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("")


def test_a_closed_discussion_gives_the_text_back(page: Page, article: Article):
    page.goto(article.get_absolute_url())
    fill_in(page, "Too late, as it turns out.")
    Article.objects.filter(pk=article.pk).update(takes_comments=False)
    send(page)

    expect(page.locator("#refusal")).to_have_attribute("data-code", "comment_closed")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Too late, as it turns out.")
    expect(page.get_by_role("button", name="Post Comment")).to_have_count(0)
