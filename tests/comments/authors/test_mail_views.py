"""The page of an address: everything about its mails, by whoever holds its token, and nobody else."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail
from django.test import Client

from comments.models import MailPreferences, Subscription
from comments.notifications import subscriptions
from comments.notifications.subscriptions import Reader, Wish
from newsreader.mailing.tokens import token_for
from tests.factories import make_article, make_author, make_comment, make_section, make_user

pytestmark = pytest.mark.django_db
ADA = "ada@example.org"
PAGE = f"/mail/{token_for(ADA)}/"
KEPT = {"frequency": "daily", "hour": "8", "quiet_from": "22:00", "quiet_until": "06:30", "zone": "Europe/Berlin"}


@pytest.fixture
def followed():
    """Something of every kind, at a confirmed address."""
    comment, article = make_comment(), make_article()
    wishes = [
        Wish("replies", comment_id=comment.pk),
        Wish("article", article_id=article.pk),
        Wish("corrections", article_id=article.pk),
        Wish("section", section_id=make_section().pk),
        Wish("author", author_id=make_author().pk),
    ]
    rows = subscriptions.subscribe(Reader(ADA), *wishes)
    subscriptions.confirm(ADA)
    mail.outbox.clear()
    return rows


@pytest.fixture
def browser():
    """Whoever opens a mail: without a session, and with nothing that a mail program would send."""
    return Client(enforce_csrf_checks=True)


def active() -> int:
    return Subscription.objects.filter(ended_at=None).count()


def test_opening_it_changes_nothing_and_keeps_the_address_to_itself(browser, followed):
    before = [list(model.objects.order_by("pk").values()) for model in (MailPreferences, Subscription)]
    for method in (browser.get, browser.head):
        for query in ("", "?action=stop", "?List-Unsubscribe=One-Click", "?said=stopped", "?said=nonsense"):
            answer = method(PAGE + query)
            assert answer.status_code == 200
    assert before == [list(model.objects.order_by("pk").values()) for model in (MailPreferences, Subscription)]
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    page = browser.get(PAGE)
    assert 'content="noindex, nofollow"' in page.text
    assert not page.cookies
    assert len(re.findall("data-subscription", page.text)) == 5


def test_opening_the_page_of_an_address_that_we_do_not_know_writes_nothing(browser):
    assert browser.get(f"/mail/{token_for('nobody@example.org')}/").status_code == 200
    assert not MailPreferences.objects.exists()


@pytest.mark.parametrize("token", ["x", token_for(ADA) + "x", token_for(ADA)[:-4], "a" * 2000])
def test_without_its_token_there_is_no_page(browser, token):
    assert browser.get(f"/mail/{token}/").status_code == 404
    assert browser.post(f"/mail/{token}/", {"action": "stop"}).status_code == 404


@pytest.mark.parametrize(
    "sent", [{"List-Unsubscribe": "One-Click"}, {"action": "stop"}], ids=["by the mail program", "by the button"]
)
def test_one_post_stops_everything_without_cookie_or_token_of_a_session(browser, followed, sent):
    answer = browser.post(PAGE, sent, headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == (200 if "List-Unsubscribe" in sent else 303)
    assert active() == 0
    assert MailPreferences.objects.get().stopped_at
    assert "Allow emails again" in browser.get(PAGE).text
    assert browser.post(PAGE, sent).status_code == answer.status_code  # A second time is no fault.


def test_one_click_may_come_as_multipart(browser, followed):
    browser.post(PAGE, b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
                 content_type="multipart/form-data; boundary=b")  # fmt: skip
    assert active() == 0


def test_one_subscription_is_ended_and_begun_again(browser, followed):
    one = followed[3]
    answer = browser.post(PAGE, {"action": "end", "subscription": one.pk}, follow=True)
    assert (active(), "no more emails about this" in answer.text) == (4, True)
    assert f'data-ended="{one.pk}"' in answer.text
    browser.post(PAGE, {"action": "resume", "subscription": one.pk})
    assert active() == 5


def test_the_token_of_one_address_never_touches_another(browser, followed):
    theirs = f"/mail/{token_for('eve@example.org')}/"
    for action in ("end", "resume"):
        answer = browser.post(theirs, {"action": action, "subscription": followed[0].pk})
        assert (answer.status_code, 'data-code="not_found"' in answer.text) == (404, True)
    browser.post(theirs, {"action": "stop"})
    browser.post(theirs, KEPT | {"action": "save"})
    assert active() == 5
    assert MailPreferences.objects.get(address=ADA).frequency == "at_once"


def test_an_address_is_confirmed_by_the_button_alone(browser):
    subscriptions.subscribe(Reader(ADA), Wish("section", section_id=make_section().pk))
    page = re.search(r"/mail/[^/\s]+/", mail.outbox[0].body)[0]
    assert "We send nothing until you say so" in browser.get(page).text
    assert MailPreferences.objects.get().confirmed_at is None
    assert "Your address is confirmed" in browser.post(page, {"action": "confirm"}, follow=True).text
    assert MailPreferences.objects.get().confirmed_at


def test_how_and_when_is_saved_and_shown(browser, followed):
    answer = browser.post(PAGE, KEPT | {"action": "save"}, follow=True)

    row = MailPreferences.objects.get()
    assert (row.frequency, row.hour, row.zone, row.own_comments) == ("daily", 8, "Europe/Berlin", False)
    assert (row.quiet_from, row.quiet_until) == (dt.time(22), dt.time(6, 30))
    assert 'value="22:00"' in answer.text
    assert re.search(r'value="daily" checked', answer.text)
    assert '<option value="Europe/Berlin" selected>' in answer.text


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"frequency": "hourly"}, "invalid_choice"),
        ({"hour": "24"}, "invalid_hour"),
        ({"hour": "x"}, "invalid_hour"),
        ({"quiet_until": ""}, "quiet_hours"),
        ({"quiet_from": "25:00"}, "quiet_hours"),
        ({"zone": "Nowhere/Town"}, "unknown_zone"),
    ],
)
def test_a_wrong_choice_is_refused_with_everything_typed(browser, followed, wrong, code):
    answer = browser.post(PAGE, KEPT | {"action": "save"} | wrong)

    assert answer.status_code == 422
    assert f'data-code="{code}"' in answer.text
    assert 'value="22:00"' in answer.text or "quiet_from" in wrong
    assert MailPreferences.objects.get().frequency == "at_once"


@pytest.mark.parametrize("sent", [{}, {"action": "x"}, {"action": ""}, {"List-Unsubscribe": "x"}])
def test_anything_else_is_no_action(browser, followed, sent):
    assert browser.post(PAGE, sent).status_code == 400
    assert active() == 5


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 40])
def test_a_number_that_is_none_is_not_found(browser, followed, number):
    assert browser.post(PAGE, {"action": "end", "subscription": number}).status_code == 404


def test_the_account_leads_to_the_pages_of_its_verified_addresses_alone(client):
    from allauth.account.models import EmailAddress

    user = make_user()
    EmailAddress.objects.create(user=user, email="other@example.org", verified=False)
    assert client.get("/accounts/mail/").status_code == 302
    client.force_login(user)
    page = client.get("/accounts/mail/")

    assert f"/mail/{token_for(user.email)}/" in page.text
    assert token_for("other@example.org") not in page.text
    assert page["Cache-Control"] == "private, no-store"
