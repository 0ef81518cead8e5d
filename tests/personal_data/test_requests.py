"""Asking to be erased on the site: an account, a guest by a mailed link; a day to cancel; then it is carried out."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comments.models import Comment, EmailConfirmation
from comments.posting.email_confirmation import address_key
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.mailing.models import AskedLetter, Letter
from newsreader.mailing.outbox import send_due
from newsreader.personal_data import requests
from newsreader.personal_data.models import ErasureRequest
from tests.factories import make_comment, make_moderator, make_user

pytestmark = pytest.mark.django_db

ERASE, ASK = "/accounts/erase/", "/erasure/"


@pytest.fixture
def user() -> User:
    return make_user("jo", name="Jo Öztürk")


@pytest.fixture
def signed_in(user) -> Client:
    return signed_in_as(user)


def signed_in_as(user: User) -> Client:
    """A browser that has just proved with the password that it is still they."""
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": "secret"})
    client.post("/accounts/reauthenticate/", {"password": "secret"})
    return client


def later(**span: int) -> dt.datetime:
    return timezone.now() + dt.timedelta(**span)


def sent() -> list:
    send_due.call()
    found = list(mail.outbox)
    mail.outbox.clear()
    return found


def link_in(message) -> str:
    return re.search(r"http://testserver(/\S+)", message.body)[1]


def guest_with_confirmed_address(email: str = "jo@example.org") -> Comment:
    comment = make_comment(name="Jo Öztürk", email=email)
    EmailConfirmation.objects.create(
        address=address_key(email), network="n", comment=comment, confirmed_at=timezone.now()
    )
    return comment


# --- Accounts -----------------------------------------------------------------------------------------------------


def test_an_account_is_erased_a_day_after_it_has_asked(signed_in, user):
    comment = make_comment(user=user)

    answer = signed_in.post(ERASE, {"text": "keep"})

    assert answer.status_code == 302
    requests.carry_out_due()
    assert User.objects.filter(pk=user.pk, is_active=True).exists()
    with time_machine.travel(later(hours=25)):
        assert requests.carry_out_due() == 1
    assert not User.objects.filter(pk=user.pk).exists()
    assert not ErasureRequest.objects.exists()
    comment.refresh_from_db()
    assert comment.shown_name == "A former reader"


def test_looking_changes_nothing(signed_in):
    page = signed_in.get(ERASE)

    assert page.status_code == 200
    assert page["Cache-Control"] == "private, no-store"
    assert not ErasureRequest.objects.exists()


def test_a_stranger_signs_in_first(client):
    assert client.get(ERASE).status_code == 302
    assert client.post(ERASE, {"text": "keep"})["Location"].startswith("/accounts/login/")


def test_who_signed_in_long_ago_proves_first_that_it_is_they(signed_in):
    with time_machine.travel(later(hours=1)):
        answer = signed_in.post(ERASE, {"text": "keep"})

    assert "/reauthenticate/" in answer["Location"]
    assert not ErasureRequest.objects.exists()


def test_one_is_mailed_when_it_will_be_and_how_to_cancel(signed_in, user):
    signed_in.post(ERASE, {"text": "remove"})

    (message,) = sent()
    assert message.to == [user.email]
    page = Client().get(link_in(message))
    assert page.status_code == 200
    assert ErasureRequest.objects.exists()
    assert "Nothing is erased" in Client().post(link_in(message)).content.decode()
    assert not ErasureRequest.objects.exists()
    assert Client().get(link_in(message)).status_code == 404


def test_ones_own_page_says_so_and_cancels(signed_in, user):
    signed_in.post(ERASE, {"text": "keep"})
    mine = signed_in.get("/accounts/").content.decode()
    assert "your account will be erased" in mine

    signed_in.post("/accounts/erase/cancel/")

    assert "will be erased" not in signed_in.get("/accounts/").content.decode()
    with time_machine.travel(later(days=2)):
        assert requests.carry_out_due() == 0
    assert User.objects.filter(pk=user.pk, is_active=True).exists()


def test_signing_in_stays_possible_meanwhile(signed_in, user):
    signed_in.post(ERASE, {"text": "keep"})
    other = Client()

    other.post("/accounts/login/", {"login": user.email, "password": "secret"})

    assert other.get("/accounts/").status_code == 200


def test_asking_again_changes_what_becomes_of_the_text_and_not_the_day(signed_in):
    signed_in.post(ERASE, {"text": "keep"})
    first = ErasureRequest.objects.get()
    signed_in.post(ERASE, {"text": "remove"})

    row = ErasureRequest.objects.get()
    assert (row.pk, row.due_at, row.keep_text) == (first.pk, first.due_at, False)
    assert Letter.objects.filter(name="erasure_asked").count() == 1


def test_nothing_but_the_two_choices_is_taken(signed_in):
    answer = signed_in.post(ERASE, {"text": "burn"})

    assert answer.status_code == 422
    assert "require_text_choice" in answer.content.decode()


def test_somebody_of_the_newsroom_is_refused():
    editor = make_moderator()

    answer = signed_in_as(editor).post(ERASE, {"text": "keep"})

    assert answer.status_code == 409
    assert "belongs_to_newsroom" in answer.content.decode()


def test_who_joins_the_newsroom_meanwhile_is_not_erased(user):
    requests.ask(user, text="keep")
    User.objects.filter(pk=user.pk).update(is_staff=True)

    with time_machine.travel(later(hours=25)):
        requests.carry_out_due()

    assert User.objects.filter(pk=user.pk).exists()
    assert not ErasureRequest.objects.exists()


def test_what_has_begun_cannot_be_cancelled_and_is_begun_again_if_nothing_is_heard(user):
    row = requests.ask(user, text="keep")
    ErasureRequest.objects.update(begun_at=timezone.now(), due_at=timezone.now())

    with pytest.raises(requests.ErasureBegun):
        requests.cancel(row.pk)
    assert requests.carry_out_due() == 0
    with time_machine.travel(later(hours=2)):
        assert requests.carry_out_due() == 1
    assert not User.objects.filter(pk=user.pk).exists()


# --- Guests -------------------------------------------------------------------------------------------------------


def test_a_guest_is_erased_by_the_link_to_their_confirmed_address(client):
    comment = guest_with_confirmed_address()
    client.post(ASK, {"email": "JO@example.org"})
    (message,) = sent()
    link = link_in(message)

    page = client.get(link)
    assert "jo@example.org" in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    assert not ErasureRequest.objects.exists()
    answer = client.post(link, {"text": "remove"})
    assert answer.status_code == 303
    assert client.get(answer["Location"]).status_code == 200
    (asked,) = sent()
    assert link_in(asked) == answer["Location"]

    with time_machine.travel(later(hours=25)):
        requests.carry_out_due()
    comment.refresh_from_db()
    assert (comment.name, comment.body) == ("", "")
    assert not ErasureRequest.objects.exists()


def test_the_answer_is_the_same_for_every_address_and_only_confirmed_ones_get_mail(client):
    make_comment(email="typed@example.org")
    guest_with_confirmed_address()

    pages = {
        address: client.post(ASK, {"email": address}).content
        for address in ("jo@example.org", "typed@example.org", "nobody@example.org")
    }

    assert len({re.sub(rb'value="[^"]{20,}"', b"", page) for page in pages.values()}) == 1
    assert [message.to for message in sent()] == [["jo@example.org"]]


def test_somebody_with_an_account_is_sent_to_its_page(client, user):
    client.post(ASK, {"email": user.email})

    (message,) = sent()
    assert link_in(message) == ERASE


def test_an_address_gets_one_link_in_ten_minutes(client):
    guest_with_confirmed_address()
    for _ in range(3):
        client.post(ASK, {"email": "jo@example.org"})

    assert len(sent()) == 1


def test_a_network_may_not_ask_all_the_time(client):
    answers = [client.post(ASK, {"email": f"reader{number}@example.org"}) for number in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert "reader5@example.org" in answers[-1].content.decode()


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 300 + "@example.org"])
def test_what_is_no_address_is_refused_with_what_was_typed(client, email):
    answer = client.post(ASK, {"email": email})

    assert answer.status_code == 422
    assert email in answer.content.decode()


def test_a_link_works_for_a_day_and_only_as_it_was_made(client):
    link = f"/erasure/{requests.link_token('jo@example.org')}/"
    assert client.get(link).status_code == 200
    assert client.get(link[:-2] + "x/").status_code == 404
    with time_machine.travel(later(hours=25)):
        answer = client.get(link)
        assert answer.status_code == 410
        assert client.post(link, {"text": "keep"}).status_code == 410
    assert not ErasureRequest.objects.exists()


def test_a_request_is_shown_to_nobody_without_its_token(client, user):
    row = requests.ask(user, text="keep")

    assert client.get(f"/erasure/{row.pk}/{'x' * 32}/").status_code == 404
    assert client.post(f"/erasure/{row.pk}/{'x' * 32}/").status_code == 404
    assert ErasureRequest.objects.exists()


def test_the_link_is_stored_nowhere_in_plain(client):
    guest_with_confirmed_address()
    client.post(ASK, {"email": "jo@example.org"})

    row = Letter.objects.get(name="erasure_link")
    assert "/erasure/" not in f"{row.secret}{row.facts}"


# --- Nobody erases somebody else -----------------------------------------------------------------------------------


def make_identity(provider: str = "mastodon", **values) -> CommenterIdentity:
    return CommenterIdentity.objects.create(provider=provider, uid="1", **values)


def asked_by_link(client: Client, email: str = "jo@example.org") -> None:
    answer = client.post(f"/erasure/{requests.link_token(email)}/", {"text": "remove"})
    assert answer.status_code == 303


def test_a_guests_link_never_erases_an_account_that_got_the_address_meanwhile(client, caplog):
    """Somebody of another address confirms this one, too, such as that of their firm."""
    comment = guest_with_confirmed_address()
    asked_by_link(client)
    other = make_user("ann")
    EmailAddress.objects.create(user=other, email="Jo@example.org", verified=True)
    with time_machine.travel(later(hours=25)):
        requests.carry_out_due()

    comment.refresh_from_db()
    assert comment.name
    assert User.objects.filter(pk=other.pk, is_active=True).exists()
    assert EmailAddress.objects.filter(user=other, email="jo@example.org", verified=True).exists()
    assert not ErasureRequest.objects.exists()
    assert "belongs to an account now" in caplog.text


def test_a_guests_link_is_refused_once_an_account_has_the_address(client):
    make_user("jo")
    answer = client.post(f"/erasure/{requests.link_token('jo@example.org')}/", {"text": "remove"})

    assert answer.status_code == 409
    assert "sign in" in answer.content.decode()
    assert not ErasureRequest.objects.exists()


def test_a_guests_link_spares_an_account_that_merely_names_the_address(client):
    """An account of a provider that confirms no addresses: anybody can name any address there."""
    comment = guest_with_confirmed_address()
    asked_by_link(client)
    stranger = User.objects.create(username="stranger", email="jo@example.org")
    identity = make_identity(user=stranger, email="jo@example.org", email_verified=False)
    alone = make_identity(provider="github", email="jo@example.org", email_verified=False)
    theirs = [make_comment(name="Stranger") for _ in range(2)]
    for each, who in zip(theirs, (identity, alone), strict=True):
        Comment.objects.filter(pk=each.pk).update(identity=who)
    with time_machine.travel(later(hours=25)):
        requests.carry_out_due()

    comment.refresh_from_db()
    stranger.refresh_from_db()
    assert (comment.name, comment.body) == ("", "")
    assert (stranger.is_active, stranger.email) == (True, "")  # They lose the address, and nothing else.
    for each in theirs:
        each.refresh_from_db()
        assert (each.name, bool(each.body)) == ("Stranger", True)


def test_an_address_that_a_provider_gave_to_two_accounts_stays_with_the_other(user):
    """Both read the mail of one mailbox: whoever signs in with it still can when the other is gone."""
    make_identity(user=user, email="office@example.org", email_verified=True)
    other = make_user("office")
    make_identity(provider="github", user=other, email="office@example.org", email_verified=True)
    requests.ask(user, text="remove")
    with time_machine.travel(later(hours=25)):
        requests.carry_out_due()

    assert not User.objects.filter(pk=user.pk).exists()
    other.refresh_from_db()
    assert other.email == "office@example.org"
    assert EmailAddress.objects.filter(user=other, email="office@example.org", verified=True).exists()
    assert other.identities.filter(email="office@example.org", email_verified=True).exists()


@pytest.mark.parametrize("path", [ASK, "/my-data/"])
def test_an_unknown_address_costs_the_same_statements_and_leaves_nothing(path):
    """Who measures how long it takes would learn who has commented here."""
    guest_with_confirmed_address()
    asked = {}
    for address in ("jo@example.org", "nobody@example.org"):
        with CaptureQueriesContext(connection) as queries:
            assert Client().post(path, {"email": address}).status_code == 200
        shapes = [re.sub(r"'[^']*'|\d+|s\w+_x\w+", "", each["sql"]) for each in queries]
        # After that, the worker of tests has sent the mail.
        done = next(place for place, each in enumerate(shapes) if each.startswith('INSERT INTO "mailing_letter"'))
        asked[address] = [each for each in shapes[: done + 1] if "SAVEPOINT" not in each]

    assert asked["jo@example.org"] == asked["nobody@example.org"]
    assert [message.to for message in sent()] == [["jo@example.org"]]
    assert AskedLetter.objects.count() == 1
    assert Letter.objects.count() == 1


@pytest.mark.parametrize("path", ["/erasure/", "/my-data/"])
@pytest.mark.parametrize("typed", ["", " ", "nobody", "a@" + "b" * 250 + ".example"])
def test_what_is_no_address_is_refused_the_same_way_wherever_a_link_is_asked_for(client, path, typed):
    answer = client.post(path, {"email": typed})

    assert answer.status_code == 422
    assert 'data-code="require_valid_email"' in answer.text
