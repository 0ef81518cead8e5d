"""Mail to an address again: by its owner on the page of addresses, and by editors who type it in the admin."""

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from comments.models import AuditEntry
from comments.notifications import subscriptions
from comments.notifications.subscriptions import Reader, Wish
from newsreader.mailing import suppression
from newsreader.mailing.models import Letter
from newsreader.mailing.suppression import Reason, address_key
from tests.factories import make_editor, make_moderator, make_section, make_user

pytestmark = pytest.mark.django_db
ANN = "ann@example.org"
PAGE = "/admin/mailing/suppression/address/"


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor():
    return make_editor()


def test_an_editor_types_the_address_and_it_is_on_record(editor):
    suppression.suppress(ANN, Reason.BOUNCED)
    suppression.suppress(ANN, Reason.NOT_ME)
    desk = signed_in(editor)

    shown = desk.post(PAGE, {"address": " Ann@Example.org ", "action": "look"}).content.decode()
    assert "email to it came back" in shown
    assert suppression.reasons_of([ANN])
    said = desk.post(PAGE, {"address": ANN, "action": "lift"}).content.decode()

    assert "gets our emails again" in said
    assert suppression.reasons_of([ANN]) == {}
    entry = AuditEntry.objects.get(kind="suppression_lifted")
    assert (entry.by_account, entry.subject) == (editor.pk, f"address:{address_key(ANN)[:16]}")
    assert entry.facts == {"reasons": ["bounced", "not_me"]}


def test_what_stops_nothing_is_said_and_not_recorded(editor):
    desk = signed_in(editor)

    assert "Nothing stops emails" in desk.post(PAGE, {"address": ANN, "action": "look"}).content.decode()
    assert desk.post(PAGE, {"address": ANN, "action": "lift"}).status_code == 200
    assert not AuditEntry.objects.filter(kind="suppression_lifted").exists()


@pytest.mark.parametrize("typed", ["", "ann", "ann@", "\x00", "<script>"])
def test_what_is_no_address_comes_back_as_typed(editor, typed):
    answer = signed_in(editor).post(PAGE, {"address": typed, "action": "lift"})

    assert answer.status_code in {400, 422}
    assert "<script>alert" not in answer.content.decode()


def test_a_get_changes_nothing_and_the_list_leads_there(editor):
    suppression.suppress(ANN, Reason.BOUNCED)
    desk = signed_in(editor)

    assert desk.get(PAGE + "?address=ann@example.org&action=lift").status_code == 200
    listed = desk.get("/admin/mailing/suppression/").content.decode()
    assert PAGE in listed
    assert "ann@" not in listed
    assert suppression.reasons_of([ANN])


def test_moderators_and_readers_do_not(editor):
    suppression.suppress(ANN, Reason.BOUNCED)
    for user in (make_moderator(), make_user()):
        answer = signed_in(user).post(PAGE, {"address": ANN, "action": "lift"})
        assert answer.status_code in {302, 403}
    assert suppression.reasons_of([ANN])


def test_the_page_says_why_an_address_gets_no_mail(editor, django_assert_max_num_queries):
    desk = signed_in(editor)
    asked = {"address": ANN, "action": "look"}
    assert "never asked for any" in desk.post(PAGE, asked).content.decode()
    section = make_section()
    subscriptions.subscribe(Reader(ANN), Wish("section", section_id=section.pk))
    Letter.objects.create(name="reader_digest", address=ANN, given_up_at=timezone.now(), failure="SMTPDataError")
    with django_assert_max_num_queries(20):
        shown = desk.post(PAGE, asked).content.decode()

    for words in ("We asked on", section.name, "Is this your address?", "Sent on", "Given up on", "SMTPDataError"):
        assert words in shown
    assert "None has this address" in shown
    assert "Send again" not in shown  # An editor does not run the site.
    subscriptions.stop(ANN)
    make_user("ann")
    shown = signed_in(make_user(is_staff=True, is_superuser=True)).post(PAGE, asked).content.decode()
    for words in ("stopped all emails", "ended on", "One has confirmed this address", "Send again"):
        assert words in shown


# --- Its owner ----------------------------------------------------------------------------------------------------


def test_an_owner_is_told_on_signing_in_and_has_it_tried_again(client):
    ann = make_user("ann")
    suppression.suppress(ANN, Reason.BOUNCED)

    client.post("/accounts/login/", {"login": "ann", "password": "secret"})

    assert "Email to ann@example.org came back" in client.get("/accounts/").content.decode()
    assert "came back" in client.get("/accounts/email/").content.decode()
    client.post("/accounts/reauthenticate/", {"password": "secret"})
    assert client.post("/accounts/email/", {"action_again": "", "email": ANN})["Location"] == "/accounts/email/"
    assert suppression.reasons_of([ANN]) == {}
    assert "came back." not in client.get("/accounts/email/").content.decode().replace("We send email there", "")
    client.logout()
    client.post("/accounts/login/code/", {"email": ann.email})
    assert len(mail.outbox) == 1


def test_nobody_has_mail_to_somebody_else_tried_again(client):
    make_user("ann")
    make_user("eve")
    suppression.suppress(ANN, Reason.BOUNCED)
    client.post("/accounts/login/", {"login": "eve", "password": "secret"})
    client.post("/accounts/reauthenticate/", {"password": "secret"})

    client.post("/accounts/email/", {"action_again": "", "email": ANN})

    assert suppression.reasons_of([ANN]) == {ANN: {"bounced"}}


def test_while_mail_comes_back_nothing_is_sent_and_nobody_sees_it(client):
    make_user("ann")
    suppression.suppress(ANN, Reason.BOUNCED)

    answer = client.post("/accounts/login/code/", {"email": ANN}, follow=True)

    assert answer.status_code == 200
    assert mail.outbox == []
