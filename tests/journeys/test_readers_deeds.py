"""What readers come to do most, each walked once, with what it asks of their hands. `DEEDS=<file>` writes the table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from articles.models.article import Article
from comments.models import Comment
from comments.moderation.decisions import decide
from newsreader.accounts.models import User
from tests.factories import make_article, make_comment, make_moderator, make_user, set_rules
from tests.journeys.hand import Hand

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.ci_sqlite]
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def open_as(browser: Browser, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    set_rules(flood_seconds=0, fastest_seconds=0, hold_first_comment=False, mail_moderators=False)
    contexts: list[BrowserContext] = []

    def open_page(user: User | None = None, **values: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="en", **values)
        context.set_default_timeout(30_000)  # milliseconds
        contexts.append(context)
        if user:
            client = Client()
            client.force_login(user)
            cookies = {"sessionid": client.cookies["sessionid"].value, "known": "1"}
            context.add_cookies(
                [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
            )
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def article() -> Article:
    """An article with a discussion of several screens."""
    article = make_article(body="<p>" + "The ferry runs again. " * 200 + "</p>")
    for _ in range(20):
        make_comment(article, text="It was late again. " * 8)
    return article


def test_a_guest_replies_on_a_phone(open_as: Callable[..., Page], article: Article):
    page = open_as(viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(article.get_absolute_url())
    hand = Hand(page)

    hand.click(page.locator(".to-comments"))
    hand.click(page.locator(".to-reply"))
    hand.write(page.locator("#reply-text"), "Good to have it back.")
    hand.write(page.locator("#reply-email"), "ada@example.org")
    hand.write(page.locator("#reply-name"), "Ada")
    hand.click(page.get_by_role("button", name="Post Comment"))

    expect(page.locator(".comment-text", has_text="Good to have it back.")).to_be_visible()
    assert not hand.over("reply on a phone, as a guest", clicks=5, screens=1)


@pytest.mark.long
def test_a_reader_signs_in_by_a_code_and_replies(open_as: Callable[..., Page], article: Article):
    user, page = make_user(), open_as()
    page.goto(article.get_absolute_url())
    hand = Hand(page)

    hand.click(page.locator(".to-reply"))
    hand.write(page.locator("#reply-text"), "Good to have it back.")
    hand.write(page.locator("#reply-email"), user.email)
    hand.click(page.get_by_role("button", name="Email me a code"))
    expect(page.locator("#reply-code")).to_be_focused()
    found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)
    assert found
    hand.write(page.locator("#reply-code"), found[0])
    hand.click(page.get_by_role("button", name="Continue"))
    hand.click(page.get_by_role("button", name="Post Comment"))

    expect(page.locator(".comment-text", has_text="Good to have it back.")).to_be_visible()
    assert not hand.over("sign in by a code and reply", clicks=5)


@pytest.mark.long
def test_a_reader_finds_an_own_comment_and_edits_it(open_as: Callable[..., Page], article: Article):
    user = make_user()
    page = open_as(user)
    page.goto(article.get_absolute_url())
    page.locator("#reply-text").fill("The frist boat left at six.")
    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator(".comment-text", has_text="frist")).to_be_visible()
    page.goto("/")
    hand = Hand(page)

    hand.click(page.get_by_role("link", name="My page"))
    hand.click(page.locator("main").get_by_role("link", name="My comments").first)
    expect(page.locator(".comment-text", has_text="frist")).to_be_visible()
    assert not hand.over("find an own comment", clicks=2, screens=0)

    hand = Hand(page)
    hand.click(page.get_by_role("link", name=re.compile("^Status")).first)
    hand.write(page.get_by_label("Edit your comment"), "The first boat left at six.")
    hand.click(page.get_by_role("button", name="Save changes"))
    expect(page.locator(".comment-text")).to_have_text("The first boat left at six.")
    assert not hand.over("edit it", clicks=3)


@pytest.mark.long
def test_an_author_appeals(open_as: Callable[..., Page], article: Article):
    comment = make_comment(article, status="pending", name="Ada")
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    page = open_as()
    page.goto(Comment.objects.get(pk=comment.pk).status_url)
    hand = Hand(page)

    hand.write(page.get_by_label("Say why it should be published"), "It is about the ferry.")
    hand.click(page.get_by_role("button", name="Send my appeal"))

    expect(page.locator(".appeal-outcome")).to_contain_text("We have your appeal")
    assert not hand.over("appeal, from the mail", clicks=2)
