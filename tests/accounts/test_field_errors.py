"""What people read under a field that is refused: what is missing, by its name."""

import re
from html import unescape

import pytest
from django.test import Client

from tests.factories import make_user

pytestmark = pytest.mark.django_db
# As the library and the framework have them, whatever the form is about.
BUILT_IN = re.compile(r"field is required|Ensure this|same password each|Enter a valid|valid choice|entirely numeric")


def said(answer):
    """The sentences under the fields of a page, by the ends of their fields' ids."""
    found = re.findall(r'class="error" id="id_(\w+)_error"[^>]*>([^<]*)<', answer.content.decode())
    return {name: unescape(text).strip() for name, text in found}


STRANGERS = {
    "/accounts/signup/": {"email": "Please enter your email address.", "username": "Please choose a username."},
    "/accounts/login/": {
        "login": "Please enter your email address or username.",
        "password": "Please enter your password.",
    },
    "/accounts/login/code/": {"email": "Please enter your email address."},
    "/accounts/password/reset/": {"email": "Please enter your email address."},
}


@pytest.mark.parametrize("path", STRANGERS)
def test_a_form_of_a_stranger_names_what_is_missing(client, path):
    answer = client.post(path, {})

    assert said(answer) == STRANGERS[path]
    assert 'data-code="required"' in answer.content.decode()
    assert not BUILT_IN.search(answer.content.decode())


def test_a_form_of_ones_own_names_what_is_missing():
    client, user = Client(), make_user("ada")
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": "secret"})
    found = {
        path: said(client.post(path, given))
        for path, given in {
            "/accounts/email/": {"action_add": ""},
            "/accounts/password/change/": {},
            "/accounts/2fa/totp/activate/": {},
        }.items()
    }

    assert found == {
        "/accounts/email/": {"email": "Please enter your email address."},
        "/accounts/password/change/": {
            "oldpassword": "Please enter your current password.",
            "password1": "Please enter a password.",
            "password2": "Please repeat the password.",
        },
        "/accounts/2fa/totp/activate/": {"code": "Please enter the code."},
    }


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"password1": "short1"}, "This password is too short: it needs at least 8 characters."),
        ({"password1": "73920184"}, "A password needs more than digits."),
        ({"password1": "password1"}, "Many people use this password, so it is easy to guess."),
        ({"username": "n" * 200}, "This is too long: 200 characters. The limit is 150."),
        ({"username": "ada"}, "This username is already taken."),
        ({"username": "admin"}, "This username cannot be used."),
    ],
)
def test_what_is_wrong_with_what_was_typed_is_said_plainly(client, typed, sentence):
    make_user("ada")
    answer = client.post("/accounts/signup/", {"email": "new@example.org", "username": "grace", **typed})

    assert " ".join(said(answer).values()).startswith(sentence)
    assert not BUILT_IN.search(answer.content.decode())


def test_an_address_that_is_ones_own_already_and_a_password_typed_in_two_ways(client):
    user = make_user("ada")
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": "secret"})
    twice = client.post("/accounts/email/", {"action_add": "", "email": user.email})
    unlike = client.post(
        "/accounts/password/change/",
        {"oldpassword": "secret", "password1": "a wide river", "password2": "a wild river"},
    )

    assert said(twice) == {"email": "This address is already one of yours."}
    assert said(unlike) == {"password2": "The two passwords are not the same."}


def test_a_search_of_too_many_letters_says_how_many_are_allowed(client):
    page = unescape(client.get("/search/", {"q": "a" * 301, "section": "nowhere"}).content.decode())
    assert "This is too long: 301 characters. The limit is 300." in page
    assert not BUILT_IN.search(page)


def test_what_our_own_forms_say_comes_as_it_is(client):
    user = make_user("ada")
    client.force_login(user)
    refused = client.post("/accounts/", {"name": "Ada", "username": "ada", "language": "tlh"})

    assert said(refused)["language"] == "This language is not available."
