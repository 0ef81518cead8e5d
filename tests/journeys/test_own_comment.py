"""What authors do with their own comment, and moderators under a closed article, in a browser.

`SHOTS=folder` writes a picture of each page, to be looked at.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from articles.models.article import Article
from comments.models import Comment, EmailConfirmation
from comments.moderation.decisions import decide
from comments.posting.submission import post_comment
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user, set_rules
from tests.journeys.axe import wrong

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def scripted(request: Any) -> bool:
    return bool(request.param)


@pytest.fixture
def context(scripted: bool, browser: Browser, live_server: Any, settings: Any) -> Iterator[BrowserContext]:
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    context = browser.new_context(base_url=live_server.url, locale="en", java_script_enabled=scripted)
    context.set_default_timeout(30_000)  # milliseconds
    yield context
    context.close()


def sign_in(page: Page, user: Any, url: str) -> None:
    client = Client()
    client.force_login(user)
    cookies = {"sessionid": client.cookies["sessionid"].value, "known": "1"}
    page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])


@pytest.mark.ci_both
def test_a_guest_mends_a_comment_and_takes_it_back(page: Page) -> None:
    article = make_article()
    page.goto(article.get_absolute_url())
    page.get_by_label("Comment", exact=True).fill("The frist boat left at six.")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator(".comment-status")).to_contain_text("waiting for an editor")
    comment = Comment.objects.get()
    page.goto(comment.status_url)

    page.get_by_label("Edit your comment").fill("<br>")
    page.locator("[data-action=edit]").click()
    expect(page.get_by_label("Edit your comment")).to_have_value("<br>")
    expect(page.locator("[data-code=require_valid_comment]").first).to_be_visible()
    page.get_by_label("Edit your comment").fill("The *first* boat left at six.")
    page.locator("[data-action=edit]").click()
    expect(page.locator(".comment-text")).to_have_text("The first boat left at six.")
    assert page.url.endswith(comment.status_url)

    decide(comment.pk, "approved")
    reply = make_comment(article, parent=comment, text="It was late.")
    page.goto(article.get_absolute_url())
    expect(page.locator(f"#comment-{comment.pk} > .comment-text")).to_have_text("The first boat left at six.")

    page.goto(comment.status_url)
    page.locator("[data-action=withdraw]").click()
    expect(page.locator(".comment-status")).to_contain_text("You have withdrawn this comment")
    expect(page.locator(".comment-text")).to_have_text("The first boat left at six.")
    expect(page.locator("[data-action=withdraw], [data-action=edit]")).to_have_count(0)
    page.get_by_role("link", name="Back to the article").click()
    expect(page.locator(f"#comment-{comment.pk}")).to_have_text("This comment has been removed.")
    expect(page.locator(f"#comment-{reply.pk} .comment-text")).to_have_text("It was late.")
    expect(page.locator("#comments-title")).to_have_text("1 comment")


def test_a_trusted_guest_finds_what_may_be_done_at_the_comment(page: Page, scripted: bool) -> None:
    set_rules(hold_first_comment=False, fastest_seconds=0)
    article = make_article()
    other = make_comment(article)
    page.goto(article.get_absolute_url())
    page.get_by_label("Comment", exact=True).fill("The frist boat left at six.")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_role("button", name="Post Comment").click()
    comment = page.locator(".comment", has_text="frist boat")
    expect(comment).to_be_visible()
    tools = comment if scripted else page.locator("li[data-own]")
    if not scripted:
        page.locator("noscript a").click()
    expect(tools.locator("[data-action=edit]")).to_be_visible()
    if scripted:  # Also when the page is loaded anew, and at no other comment.
        page.reload()
        expect(page.locator(f"#comment-{other.pk} ~ * [data-action=edit], [data-action=edit]")).to_have_count(1)

    tools.locator("[data-action=edit]").click()
    page.get_by_label("Edit your comment").fill("The first boat left at six.")
    page.locator("button[data-action=edit]").click()
    page.get_by_role("link", name="Back to the article").click()
    expect(page.locator(".thread")).to_contain_text("The first boat")
    if not scripted:
        page.goto(f"/articles/{article.pk}/reply/")
    page.locator("a[data-action=withdraw]").click()
    page.locator("button[data-action=withdraw]").click()

    expect(page.locator(".comment-status")).to_contain_text("You have withdrawn this comment")
    page.goto(article.get_absolute_url())
    expect(page.locator("#comments-title")).to_have_text("1 comment")


def test_a_guest_confirms_an_address(page: Page) -> None:
    comment = post_comment(make_draft(text="The sea was calm."))

    page.goto(f"/comments/{comment.pk}/confirm/{EmailConfirmation.objects.get().token}/")
    page.locator("[data-action=confirm]").click()

    expect(page.locator(f"#comment-{comment.pk} .comment-text")).to_have_text("The sea was calm.")


def test_a_member_takes_a_comment_back_from_their_list(page: Page, live_server: Any) -> None:
    user = make_user()
    comment = make_comment(user=user)
    sign_in(page, user, live_server.url)
    page.goto("/accounts/comments/")

    page.locator(f'[data-comment="{comment.pk}"] summary').click()
    page.locator(f'[data-comment="{comment.pk}"] [data-action=withdraw]').click()

    expect(page.locator(f'[data-comment="{comment.pk}"]')).to_have_attribute("data-state", "withdrawn")
    assert page.url.endswith("/accounts/comments/")
    assert Comment.objects.get().decisions.last().by == user


def test_a_moderator_answers_under_a_closed_article(page: Page, live_server: Any, scripted: bool) -> None:
    """On the form's own page, to which a script leads from the public one."""
    article = make_article(comments_close_at=timezone.now())
    sign_in(page, make_moderator(), live_server.url)

    if scripted:
        page.goto(article.get_absolute_url())
        page.locator("#yours").get_by_role("link", name="Leave a Reply").click()
    else:
        page.goto(f"/articles/{article.pk}/reply/")
    expect(page.locator("#respond")).to_contain_text("As a moderator you may still answer")
    page.get_by_label("Comment", exact=True).fill("A last word from the newsroom.")
    page.get_by_role("button", name="Post Comment").click()

    comment = page.locator(".comment-staff .comment-text")
    expect(comment).to_have_text("A last word from the newsroom.")
    assert Comment.objects.get().status == "approved"


def pages() -> dict[str, str]:
    """Each page of this room that has something to show, by a name for its picture."""
    waiting = post_comment(make_draft(text="The ferry was late again. *Who* pays for that?"))
    public = make_comment(make_article(headline="Harbour reopens"), text="At last.")
    removed = make_comment()
    decide(removed.pk, "trash", by=make_moderator(), reason="off_topic")
    old = make_comment(status="pending")
    Comment.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(hours=1))
    closed = make_article(headline="Old mill sold")
    make_comment(parent=make_comment(closed, text="A pity."), text="Why?")
    closes = make_article(comments_close_at=timezone.now() + dt.timedelta(days=2))
    Article.objects.filter(pk=closed.pk).update(comments_close_at=timezone.now())
    return {
        "waiting": waiting.status_url,
        "published": public.status_url,
        "refused": removed.status_url,
        "later": old.status_url,
        "closed": closed.get_absolute_url(),
        "closes": closes.get_absolute_url(),
    }


@pytest.mark.parametrize("scripted", [True])
def test_the_pages_read_well(page: Page) -> None:
    for name, address in pages().items():
        page.goto(address)
        assert not wrong(page)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 844})
            sizes = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert sizes[0] <= sizes[1], name
            if folder := os.environ.get("SHOTS"):
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
                    page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
