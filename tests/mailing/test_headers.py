"""The headers with which mail programs end a mail, and which mails have none."""

import re

import pytest
from django.core import mail

from newsreader.mailing import tokens
from newsreader.mailing.headers import SUBSCRIPTIONS, for_letter
from newsreader.mailing.letter_titles import TITLES
from newsreader.mailing.models import Letter
from tests.factories import make_user

ADDRESS = "ann@example.org"


def of(name):
    return for_letter(Letter(name=name, address=ADDRESS))


@pytest.mark.parametrize("name", ["reader_published", "reader_comment", "reader_digest"])
def test_what_readers_have_asked_for_ends_with_one_click(name):
    found = of(name)

    assert found["List-Unsubscribe"] == f"<http://testserver/mail/{tokens.token_for(ADDRESS)}/>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_digest_says_of_which_list_it_is():
    assert of("reader_digest")["List-Id"] == "<digest.testserver>"
    assert "List-Id" not in of("reader_published")


@pytest.mark.parametrize(
    "name", sorted({name for name in TITLES if not name.startswith(SUBSCRIPTIONS)} | {"reader_confirm"})
)
def test_nobody_switches_off_what_nobody_subscribed_to(name):
    assert of(name) == {}


@pytest.mark.django_db
def test_a_code_that_is_sent_has_no_such_header(client):
    make_user("ann")
    client.post("/accounts/login/code/", {"email": ADDRESS})

    (message,) = mail.outbox
    assert not [name for name in message.message() if name.startswith("List-")]


def test_the_header_survives_a_long_address():
    found = for_letter(Letter(name="reader_digest", address=f"{'a' * 60}@{'b' * 60}.example"))

    assert re.fullmatch(r"<http://testserver/mail/[\w:=.-]+/>", found["List-Unsubscribe"])
