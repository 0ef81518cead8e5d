"""The list of mails in the newsroom: who sees it, what it says, and sending again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from newsreader.mailing import outbox
from newsreader.mailing.letter_titles import TITLES
from newsreader.mailing.models import Letter
from tests.factories import make_editor, make_moderator
from tests.mailing.test_outbox import given_up, unknown

pytestmark = pytest.mark.django_db
LIST = "/admin/mailing/letter/"


@pytest.fixture
def boss(client):
    user = make_editor(is_superuser=True)
    client.force_login(user)
    return user


def test_every_letter_has_a_title():
    folder = Path(settings.BASE_DIR) / "newsreader/templates/letters"

    assert {path.name for path in folder.iterdir() if path.is_dir()} == set(TITLES)


@pytest.mark.parametrize("make", [make_editor, make_moderator])
def test_mails_are_shown_to_those_who_run_the_site_alone(client, make):
    row = given_up()
    client.force_login(make())

    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{row.pk}/change/").status_code in {302, 403}
    assert client.post(f"{LIST}{row.pk}/again/").status_code == 403
    assert mail.outbox == []


def test_an_empty_list_says_what_would_be_there(client, boss):
    assert "Every email that the site sends is listed here" in client.get(LIST).text


@pytest.mark.parametrize(
    ("state", "words", "values"),
    [
        ("waiting", "Waiting", {}),
        ("failed", "Failed once", {"attempts": 1, "failure": "ConnectionError"}),
        ("failed", "Failed 3 times", {"attempts": 3, "failure": "ConnectionError"}),
        ("given_up", "Given up on", {"given_up_at": timezone.now(), "failure": "ConnectionError"}),
        ("outdated", "Not sent: outdated", {"given_up_at": timezone.now(), "failure": outbox.OUTDATED}),
        ("sent", "Sent on", {"sent_at": timezone.now()}),
    ],
)
def test_the_list_says_in_words_how_a_mail_fares_and_filters_by_it(client, boss, state, words, values):
    later = timezone.now() + dt.timedelta(hours=1)
    unknown("ada@example.org", due_at=later, **values).save()
    other = {"sent_at": timezone.now()} if state != "sent" else {}
    unknown("other@example.org", due_at=later, **other).save()

    page = client.get(LIST, {"state": state}).text

    assert "ada@example.org" in page
    assert "other@example.org" not in page
    assert words in page
    assert "ada@example.org" in client.get(LIST, {"name": "account_unknown", "q": "ada@"}).text
    assert client.get(LIST, {"state": "x", "name": "y"}).status_code == 200


def test_a_secret_is_on_no_page(client, boss):
    row = unknown(secret=outbox.secretly(code="ABCD-EFGH"), due_at=timezone.now() + dt.timedelta(hours=1))
    row.save()

    for page in (client.get(LIST), client.get(f"{LIST}{row.pk}/change/")):
        assert page.status_code == 200
        assert row.secret not in page.text
        assert "ABCD-EFGH" not in page.text


def test_one_that_was_given_up_is_sent_again_from_its_page(client, boss):
    row = given_up()
    assert "Send again" in client.get(f"{LIST}{row.pk}/change/").text
    assert client.get(f"{LIST}{row.pk}/again/").status_code == 405

    page = client.post(f"{LIST}{row.pk}/again/", follow=True)

    assert "An email will be sent again." in page.text
    assert len(mail.outbox) == 1
    assert "Send again" not in page.text
    assert "was not given up" in client.post(f"{LIST}{row.pk}/again/", follow=True).text


def test_many_are_sent_again_from_the_list_and_those_of_no_use_are_named(client, boss):
    rows = [given_up(), given_up(), given_up(ends_at=timezone.now())]

    chosen = {"action": "send_chosen_again", "_selected_action": [row.pk for row in rows]}
    page = client.post(LIST, chosen, follow=True)

    assert "2 emails will be sent again." in page.text
    assert "has expired" in page.text
    assert len(mail.outbox) == 2
    assert "Send again" not in client.get(f"{LIST}{rows[2].pk}/change/").text


def test_a_mail_is_neither_made_nor_changed_nor_deleted_by_hand(client, boss):
    row = given_up()

    for path in (f"{LIST}add/", f"{LIST}{row.pk}/delete/"):
        assert client.post(path).status_code == 403
    assert client.post(f"{LIST}{row.pk}/change/", {"address": "eve@example.org"}).status_code == 403
    assert Letter.objects.get().address == "ada@example.org"


def test_the_list_costs_the_same_however_long_it_is(client, boss, django_assert_max_num_queries):
    for number in range(30):
        unknown(f"{number}@example.org", sent_at=timezone.now()).save()
    client.get(LIST)

    with django_assert_max_num_queries(12):
        client.get(LIST)
