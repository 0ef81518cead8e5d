"""Addresses that get no mail, or less: what stops which letters, and what lifts it."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from newsreader.mailing import budget, outbox, suppression, tokens
from newsreader.mailing.models import Letter, Suppression
from newsreader.mailing.suppression import Reason
from tests.bench.mailbox import Mailbox
from tests.factories import make_article, make_user

pytestmark = pytest.mark.django_db
ADDRESS = "ann@example.org"


# --- Which letters are stopped ------------------------------------------------------------------------------------

CODE, CHANGED, NOTICE = "account_login_code", "account_changed", "comment_published"


@pytest.mark.parametrize(
    ("reason", "stopped"),
    [
        (Reason.BOUNCED, {CHANGED, NOTICE}),  # Of codes, the budget leaves out those that are not to be tried.
        (Reason.COMPLAINED, {NOTICE}),
        (Reason.NOT_ME, set()),  # Those are not even queued.
    ],
)
def test_each_reason_stops_its_letters(reason, stopped):
    suppression.suppress("Ann@Example.org", reason)

    found = suppression.reasons_of([ADDRESS, ADDRESS.upper(), "ben@example.org"])
    assert set(found) == {ADDRESS, ADDRESS.upper()}
    for reasons in found.values():
        assert {name for name in (CODE, CHANGED, NOTICE) if suppression.is_suppressed(reasons, name)} == stopped
    assert not suppression.is_suppressed((), NOTICE)


@pytest.mark.parametrize(
    ("reason", "known", "sent"),
    [
        (Reason.BOUNCED, True, False),
        (Reason.BOUNCED, False, False),
        (Reason.COMPLAINED, True, True),
        (Reason.COMPLAINED, False, False),
        (Reason.NOT_ME, True, False),
        (Reason.NOT_ME, False, False),
    ],
)
def test_each_reason_stops_what_strangers_ask_for(reason, known, sent):
    suppression.suppress(ADDRESS, reason)

    assert budget.allows(ADDRESS, "192.0.2.7", known=known) is sent


def test_a_mail_that_waits_is_not_sent_to_an_address_that_has_bounced_meanwhile():
    row = Letter(name="comment_published", about="decision", about_id=1, address=ADDRESS)
    row.save()
    suppression.suppress(ADDRESS, Reason.BOUNCED)

    outbox.send_due.call()
    assert mail.outbox == []


def test_no_address_is_kept_and_twice_is_once():
    assert suppression.suppress(ADDRESS, Reason.BOUNCED)
    assert not suppression.suppress("ANN@example.org", Reason.BOUNCED)

    (row,) = Suppression.objects.values_list("address", "reason")
    assert row == (suppression.address_key(ADDRESS), "bounced")
    assert "ann" not in row[0]


def test_only_the_named_reasons_are_lifted():
    for reason in Reason:
        suppression.suppress(ADDRESS, reason)

    assert suppression.lift([ADDRESS], [Reason.NOT_ME]) == 1
    assert suppression.reasons_of([ADDRESS, "ben@example.org"]) == {ADDRESS: {"bounced", "complained", "unsubscribed"}}
    assert suppression.lift([]) == 0


# --- “This was not me” --------------------------------------------------------------------------------------------


def link_in(message):
    (found,) = re.findall(r"http://testserver(/mail/\S+/not-me/)", message.body)
    return found


WAYS = {
    "a code": lambda client: client.post("/accounts/login/code/", {"email": ADDRESS}),
    "a reset": lambda client: client.post("/accounts/password/reset/", {"email": ADDRESS}),
    "a sign-up": lambda client: client.post(
        "/accounts/signup/", {"email": ADDRESS, "username": "stranger", "password1": "Oystercatchers"}
    ),
    "a reply": lambda client: client.post(
        f"/articles/{make_article().pk}/reply/", {"text": "Tide.", "name": "Ann", "email": ADDRESS}
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("owner", ["nobody", "an account"])
def test_every_mail_that_strangers_can_ask_for_ends_them_all(client, way, owner):
    if owner == "an account":
        make_user("ann")
    WAYS[way](client)
    page = link_in(mail.outbox[-1])
    client.cookies.clear()

    shown = client.get(page)
    assert shown.status_code == 200
    assert ADDRESS in shown.content.decode()
    assert not Suppression.objects.exists()  # Programs that look into mails open links.
    assert client.post(page, {"action": "stop"}).status_code == 303
    assert "gets no more of these emails" in client.get(page).content.decode()
    mail.outbox.clear()
    for each in WAYS.values():
        cache.clear()
        client.cookies.clear()
        assert each(client).status_code < 400
    assert mail.outbox == []


def test_the_page_is_private_and_has_no_referrer(client):
    page = client.get(reverse("not-me", args=[tokens.token_for(ADDRESS)]))

    assert page["Cache-Control"] == "private, no-store"
    assert "noindex" in page["X-Robots-Tag"]
    assert page["Referrer-Policy"] == "no-referrer"
    assert "sessionid" not in page.cookies


def test_the_address_in_mails_is_that_of_the_page():
    assert tokens.not_me_url(ADDRESS) == f"http://testserver{reverse('not-me', args=[tokens.token_for(ADDRESS)])}"


@pytest.mark.parametrize("token", ["x", "x:y", "IjEi:abc", tokens.token_for("a@example.org")[:-1], "%00", "é" * 300])
def test_a_token_that_is_not_ours_is_unknown(client, token):
    assert client.get(f"/mail/{token}/not-me/").status_code in {400, 404}
    assert client.post(f"/mail/{token}/not-me/").status_code in {400, 404}
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("address", ["ann@example.org", "ann+tide@bücher.example", "a/b=c@example.org"])
def test_a_token_brings_its_address_back(address):
    assert tokens.address_of(tokens.token_for(address)) == address


def test_who_asked_for_nothing_can_ask_again_with_the_link(client):
    page = reverse("not-me", args=[tokens.token_for(ADDRESS)])
    client.post(page)
    client.post(page, {"action": "again"})

    assert budget.allows(ADDRESS, "", known=False)


def test_who_signs_in_gets_codes_again(client):
    make_user("ann")
    for reason in Reason:
        suppression.suppress(ADDRESS, reason)

    client.post("/accounts/login/", {"login": "ann", "password": "secret"})

    assert suppression.reasons_of([ADDRESS]) == {ADDRESS: {"bounced", "complained", "unsubscribed"}}


def test_somebody_else_who_signs_in_lifts_nothing(client):
    make_user("ann", verified=False)  # typed at a sign-up, and never confirmed
    make_user("eve")
    suppression.suppress(ADDRESS, Reason.NOT_ME)

    client.post("/accounts/login/", {"login": "eve", "password": "secret"})

    assert suppression.reasons_of([ADDRESS]) == {ADDRESS: {"not_me"}}


@pytest.mark.parametrize("reason", Reason)
def test_the_owner_of_a_domain_that_looks_alike_stops_nothing(reason):
    """Whoever buys exämple.org could have had mails ended to everybody at example.org."""
    suppression.suppress("ann@exämple.org", reason)

    assert suppression.reasons_of(["ann@example.org", "ann@exämple.org"]) == {"ann@exämple.org": {reason}}
    assert not suppression.is_suppressed("ann@example.org", "account_login_code")


def test_mail_that_came_back_from_one_address_says_nothing_about_the_rest_of_the_mailbox():
    suppression.suppress("ann+old@example.org", Reason.BOUNCED)

    assert suppression.reasons_of(["ann@example.org"]) == {}


# --- A mail server that refuses an address ------------------------------------------------------------------------


@pytest.fixture
def mailbox(settings):
    with Mailbox() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("answer", "is_gone"),
    [
        ("550 5.1.1 no such user here", True),
        ("550 5.1.10 null MX", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 No such user", True),
        ("553 5.1.8 the sender's domain does not exist", False),
        ("550 5.7.1 rejected as spam, user unknown to us", False),
        ("550 relay not permitted", False),
        ("554 5.7.1 Relay access denied", False),
        ("552 5.2.2 mailbox full", False),
        ("450 4.1.1 user unknown", False),
        ("421 4.3.0 no such user now", False),
    ],
)
def test_a_server_that_knows_no_such_mailbox_suppresses_the_address_and_no_other_refusal_does(mailbox, answer, is_gone):
    mailbox.refusals[ADDRESS] = answer
    outbox.enqueue([Letter(name="account_unknown", about="account", address=ADDRESS)])

    row = Letter.objects.get()
    assert suppression.reasons_of([ADDRESS]) == ({ADDRESS: {"bounced"}} if is_gone else {})
    assert (row.given_up_at is not None, row.attempts, row.sent_at) == (is_gone, 1, None)
    assert (row.failure == outbox.REFUSED) == (is_gone or answer[0] == "5")


def test_an_owner_whose_mail_came_back_has_a_code_tried_a_day_later_and_gets_mail_again(mailbox, client, time_machine):
    make_user("ann")
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    mailbox.refusals[ADDRESS] = "550 5.1.1 no such user"

    def ask():
        cache.clear()
        client.post("/accounts/logout/")
        client.post(f"/articles/{article.pk}/reply/with/email/", {"text": "Tide.", "email": ADDRESS})
        return Letter.objects.count(), len(mailbox.letters)

    article = make_article()
    assert [ask(), ask()] == [(1, 0), (1, 0)]
    time_machine.shift(dt.timedelta(days=1))
    assert [ask(), ask()] == [(2, 0), (2, 0)]  # It came back again.
    time_machine.shift(dt.timedelta(days=1))
    mailbox.refusals.clear()
    assert ask() == (3, 1)
    assert suppression.reasons_of([ADDRESS]) == {ADDRESS: {"bounced"}}
    code = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", str(mailbox.letters[0][1]["Subject"]))[0]
    client.post(f"/articles/{article.pk}/reply/with/code/", {"text": "Tide.", "code": code})
    assert suppression.reasons_of([ADDRESS]) == {}


def test_a_stranger_s_address_whose_mail_came_back_is_not_tried_again(time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    suppression.suppress(ADDRESS, Reason.BOUNCED)
    time_machine.shift(dt.timedelta(days=2))

    assert not budget.allows(ADDRESS, "192.0.2.7", known=False)
