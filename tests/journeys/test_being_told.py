"""Readers who ask to be told, and one who asks to be forgotten: in a browser that runs no script."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from comments.audit import audit_log
from comments.models import Comment, Subscription, ToldUpTo
from comments.moderation.decisions import decide
from comments.notifications import fan_out, mailings
from comments.posting.submission import post_comment
from newsreader.accounts.models import User
from newsreader.mailing.outbox import send_due
from newsreader.personal_data import requests
from newsreader.personal_data.models import ErasureRequest
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user, set_rules
from tests.journeys.told_pages import sign_in

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


def work() -> list[Any]:
    """Do what the worker does, and return the mails since the last time."""
    audit_log.seal()
    fan_out.tell_readers()
    mailings.send_mail_digests()
    send_due.call()
    found = list(mail.outbox)
    mail.outbox.clear()
    return found


def link_in(message: Any, url: str) -> str:
    """The address of the page of one's emails, in a mail."""
    found = re.search(rf"{url}(/mail/[^/\s]+/)\s", message.body)
    assert found, message.body
    return found[1]


@pytest.mark.ci_both
def test_a_guest_asks_for_replies_confirms_once_is_told_and_stops(page: Page, live_server: Any):
    set_rules(flood_seconds=0, mail_moderators=False, mail_confirmations=False, hold_first_comment=False)
    ToldUpTo.objects.create()
    article, moderator = make_article(), make_moderator()
    page.goto(article.get_absolute_url())
    form = page.locator("#commentform")
    for name, text in {"text": "Will it run on Sundays?", "name": "Ada", "email": "ada@example.org"}.items():
        form.locator(f"[name={name}]").fill(text)
    form.locator("[name=notify]").select_option("replies")
    form.get_by_role("button", name="Post Comment").click()
    expect(page.locator("article[id^=comment-], .comment-status").first).to_be_visible()
    mine = Comment.objects.get()

    (asked,) = work()
    assert asked.to == ["ada@example.org"]
    assert "Sundays" not in asked.body  # Nothing that a stranger may have typed.
    page.goto(link_in(asked, live_server.url))
    expect(page.locator("[data-state=unconfirmed]")).to_be_visible()
    page.get_by_role("button", name="Yes, this is my address").click()
    expect(page.get_by_role("status")).to_contain_text("Your address is confirmed")

    set_rules(hold_everything=True)
    answer = post_comment(make_draft(article, parent=str(mine.pk), name="Bob", text="It will, at ten."))
    assert work() == []  # It waits for an editor.
    decide(answer.pk, "approved", by=moderator)
    (told,) = work()
    assert (told.to, told.subject) == (["ada@example.org"], f"Bob replied to you: {article.headline}")
    assert "> It will, at ten." in told.body
    assert f"{live_server.url}/comments/{answer.pk}/" in told.body

    page.goto(link_in(told, live_server.url))
    assert Subscription.objects.filter(ended_at=None).count() == 1  # Opening it has changed nothing.
    page.get_by_role("button", name="Stop this").click()
    expect(page.get_by_role("status")).to_contain_text("no more emails about this")
    set_rules(hold_everything=False)
    post_comment(make_draft(article, parent=str(mine.pk), name="Cem", text="And at noon."))
    assert work() == []


def test_somebody_is_erased_after_a_day_unless_they_cancel(page: Page, live_server: Any):
    user = make_user("grace", name="Grace Hopper")
    comment = make_comment(user=user, text="The sea was calm.")
    article = comment.article
    sign_in(page, user, live_server.url)

    page.goto("/accounts/erase/")
    page.get_by_role("button", name="Erase my account").click()
    expect(page.get_by_role("status")).to_contain_text("your account will be erased")
    page.goto("/accounts/")
    page.get_by_role("button", name="Cancel: keep my account").click()
    expect(page.get_by_text("Your account stays as it is.")).to_be_visible()
    assert not ErasureRequest.objects.exists()

    page.goto("/accounts/erase/")
    page.get_by_role("button", name="Erase my account").click()
    expect(page.get_by_role("status")).to_contain_text("signed “A former reader”")
    assert requests.carry_out_due() == 0  # There is a day to think better of it.
    page.goto(article.get_absolute_url())
    expect(page.locator(f"#comment-{comment.pk}")).to_contain_text("grace", ignore_case=True)

    ErasureRequest.objects.update(due_at=timezone.now() - dt.timedelta(minutes=1))
    assert requests.carry_out_due() == 1
    page.goto(article.get_absolute_url())
    shown = page.locator(f"#comment-{comment.pk}")
    expect(shown).to_contain_text("A former reader")
    expect(shown).to_contain_text("The sea was calm.")
    expect(shown).not_to_contain_text("grace", ignore_case=True)
    assert not User.objects.filter(pk=user.pk).exists()
    page.goto("/accounts/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
