"""The day in the masthead and how long ago something was: made by the script, of pages that are the same for everybody."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from comments.models import Comment
from tests.factories import make_article, make_comment

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_fresh_times_say_how_long_ago_and_keep_the_exact_one(page: Page, client: Any):
    now = timezone.now()
    article = make_article()
    fresh, old = make_comment(article), make_comment(article)
    Comment.objects.filter(pk=fresh.pk).update(created_at=now - dt.timedelta(hours=3, minutes=10))
    Comment.objects.filter(pk=old.pk).update(created_at=now - dt.timedelta(days=2))
    address = article.get_absolute_url()

    page.goto(address)

    time = page.locator(f"#comment-{fresh.pk} time")
    expect(time).to_have_text("3 hours ago")
    exact = time.get_attribute("title")
    assert exact
    assert f">{exact}</time>" in client.get(address).content.decode()
    assert time.get_attribute("datetime")
    expect(page.locator(f"#comment-{old.pk} time")).not_to_contain_text("ago")
    expect(page.locator(".dates time")).to_contain_text("ago")
    expect(page.locator(".today")).to_have_text(re.compile(rf"\b{timezone.localdate().year}\b"))


def test_the_form_is_a_link_away_from_the_end_of_the_text(page: Page):
    article = make_article()
    for _ in range(12):
        make_comment(article)
    page.goto(article.get_absolute_url())

    page.locator(".to-reply").press("Enter")

    expect(page.locator("#reply-text")).to_be_focused()
    expect(page.get_by_role("article", name="Comment by")).to_have_count(12)
