"""Signing up and in by emailed code and by password, out again, and what the browser is told."""

import json
import re

import lxml.html
import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import Group
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from newsreader.accounts.identities import own_identity, verified_address
from newsreader.accounts.models import User
from newsreader.kit import languages
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def code():
    """The code of the newest mail."""
    return re.search(r"\b([A-Z0-9]{4}-?[A-Z0-9]{4}|[A-Z0-9]{6})\b", mail.outbox[-1].body)[1]


@pytest.mark.parametrize("typed", ["ada@example.org", "Ada＠example。org."])
def test_a_reader_signs_up_without_a_password_by_the_code_in_their_mail(client, typed):
    answer = client.post("/accounts/signup/", {"email": typed, "username": "ada"})
    assert answer.status_code == 302, answer.context["form"].errors
    assert mail.outbox[-1].to == ["ada@example.org"]

    client.post(answer["Location"], {"code": code()})

    user = User.objects.get(username="ada")
    assert not user.has_usable_password()
    assert verified_address(user) == "ada@example.org"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.cookies["known"].value == "1"


def test_a_reader_signs_in_by_a_second_code_and_comes_back_to_the_form(client):
    user = make_user()
    asked = client.post("/accounts/login/code/?next=/2026/11/23/ferry/%23respond", {"email": user.email})
    first, page = code(), lxml.html.fromstring(client.get(asked["Location"]).content)
    form = page.get_element_by_id("another")
    again = client.post(form.action, {name: form.fields[name] for name in ("email", "next")})

    second = code()

    answer = client.post(again["Location"], {"code": second.lower()})

    assert second != first
    assert client.session["_auth_user_id"] == str(user.pk)
    assert answer["Location"] == "/2026/11/23/ferry/#respond"


def test_an_address_that_mail_cannot_reach_is_refused_in_words_on_pages_and_for_apps(client):
    page = client.post("/accounts/signup/", {"email": "josé@example.org", "username": "ada"})
    app = client.post("/_allauth/app/v1/auth/signup", {"email": "josé@example.org"}, "application/json")

    assert "address with “é” before the @" in page.content.decode()
    assert "address with “é” before the @" in app.json()["errors"][0]["message"]
    assert 'inputmode="email"' in page.content.decode()


@pytest.mark.parametrize("login", ["grace", "grace@example.org", "grace＠example.org"])
def test_a_reader_signs_in_by_password_and_out_again(client, login):
    make_user("grace")

    answer = client.post("/accounts/login/", {"login": login, "password": "secret"})
    assert answer.status_code == 302
    assert client.cookies["known"].value == "1"
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"

    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
    assert client.cookies["known"].value == ""


def test_wrong_passwords_are_limited_whatever_address_a_header_claims():
    make_user("grace")
    client = Client()
    answers = [
        client.post(
            "/accounts/login/",
            {"login": "grace", "password": f"wrong{n}"},
            headers={"X-Forwarded-For": f"203.0.113.{n}"},
        )
        for n in range(12)
    ]

    assert "Too many attempts" in answers[-1].content.decode() or answers[-1].status_code == 429
    right = client.post("/accounts/login/", {"login": "grace", "password": "secret"})
    assert "_auth_user_id" not in client.session, right


def test_an_address_elsewhere_is_no_place_to_return_to(client):
    make_user("grace")
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "https:evil.example"):
        answer = client.post("/accounts/login/", {"login": "grace", "password": "secret", "next": target})
        assert answer["Location"] == "/"
        client.post("/accounts/logout/")


def test_account_pages_are_nobody_elses(client):
    assert client.get("/accounts/login/")["Cache-Control"].count("no-store")


def test_names_that_differ_in_case_alone_are_one():
    make_user("grace")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user("Grace")


def test_an_identity_follows_its_account_and_trusts_no_unverified_address():
    user = make_user(name="Grace", verified=False)
    identity = own_identity(user)
    assert (identity.email, identity.email_verified, identity.verified_at) == ("", False, None)

    user.emailaddress_set.update(verified=True)
    user.name = "Grace H."
    user.save()
    again = own_identity(user)

    assert again.pk == identity.pk
    assert (again.display_name, again.email, again.email_verified) == ("Grace H.", user.email, True)
    assert again.verified_at


@pytest.mark.parametrize(
    ("group", "may", "may_not"),
    [
        ("Editors", ["articles.publish_article", "comments.moderate_any_comment"], ["auth.change_group"]),
        ("Moderators", ["comments.moderate_any_comment"], ["articles.change_article", "articles.publish_article"]),
        ("Authors", ["articles.add_article", "comments.moderate_comment"], ["comments.moderate_any_comment"]),
    ],
)
def test_each_group_may_what_its_work_needs(group, may, may_not):
    user = make_user(group=group)

    assert Group.objects.filter(name=group).exists()
    assert all(user.has_perm(permission) for permission in may)
    assert not any(user.has_perm(permission) for permission in may_not)


def test_whoever_claimed_an_address_first_does_not_share_the_account_of_its_owner(client):
    """Registered with a password and never proved: the owner's code takes the account, and the password with it."""
    claimed = make_user("mallory", verified=False)
    asked = client.post("/accounts/login/code/", {"email": "mallory@example.org"})
    client.post(asked["Location"], {"code": code()})

    assert client.session["_auth_user_id"] == str(claimed.pk)
    answer = Client().post("/accounts/login/", {"login": "mallory", "password": "secret"})
    assert answer.status_code == 200
    claimed.refresh_from_db()
    assert not claimed.has_usable_password()


def test_a_password_chosen_at_sign_up_stays_when_the_address_is_proved(client):
    typed = {"email": "ada@example.org", "username": "ada", "password1": "Wq8!long-enough-words"}
    answer = client.post("/accounts/signup/", typed)
    client.post(answer["Location"], {"code": code()})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "ada", "password": typed["password1"]})
    assert "_auth_user_id" in client.session


def test_too_many_tries_are_answered_in_the_house_s_own_look(client):
    answers = [client.post("/accounts/signup/", {"email": f"{n}@example.org"}) for n in range(22)]
    assert answers[-1].status_code == 429
    shown = answers[-1].content.decode()
    assert 'data-code="too_many_requests"' in shown
    assert 'class="masthead"' in shown


def test_an_app_removes_no_last_way_in_and_proves_itself_first(client, time_machine):
    """Somebody without a password: the emailed code is the only way in, also for an app."""
    app = Client()
    asked = app.post(
        "/_allauth/app/v1/auth/signup", {"email": "ada@example.org", "username": "ada"}, "application/json"
    )
    token = {"X-Session-Token": asked.json()["meta"]["session_token"]}
    answer = app.post("/_allauth/app/v1/auth/email/verify", {"key": code()}, "application/json", headers=token)
    token = {"X-Session-Token": answer.json()["meta"].get("session_token") or token["X-Session-Token"]}
    body = {"email": "ada@example.org"}
    removed = app.delete("/_allauth/app/v1/account/email", body, "application/json", headers=token)
    assert removed.status_code == 400
    assert [error["code"] for error in removed.json()["errors"]] == ["cannot_remove_primary_email"]
    assert verified_address(User.objects.get(username="ada")) == "ada@example.org"


def test_pages_of_ones_own_are_in_ones_own_language_and_public_ones_in_the_sites(client, settings):
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]  # As if there were a catalogue.
    client.force_login(make_user("grace", language="ar"))
    own, public = client.get("/accounts/").content.decode(), client.get("/").content.decode()
    assert '<html lang="ar" dir="rtl">' in own
    assert '<html lang="en" dir="ltr">' in public
    assert Client().get("/accounts/login/").content.decode().count('<html lang="en" dir="ltr">') == 1


@pytest.mark.parametrize(
    ("chosen", "spoken"), [("de", "en"), ("ar", "en"), ("en-nz", "en"), ("x'\"<", "en"), ("", "en")]
)
def test_a_language_without_words_is_not_said_to_be_spoken(client, chosen, spoken):
    """Somebody may have chosen it when it could be chosen."""
    client.force_login(make_user("grace", language=chosen))

    page = lxml.html.fromstring(client.get("/accounts/").content)

    assert page.get("lang") == spoken
    assert page.xpath("//select[@name='language']/option/@value") == ["", "en"]
    assert page.xpath("//select[@name='language']/option[@selected]/@value") in ([], [languages.spoken(chosen)])


class Counted(MD5PasswordHasher):
    """Passwords are hashed slowly on purpose, so how often says how long an answer took."""

    times = 0

    def encode(self, *args, **kwargs):
        Counted.times += 1
        return super().encode(*args, **kwargs)


PASSWORD = "Wq8!long-enough-words"


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/accounts/login/", {"login": "", "password": PASSWORD}),
        ("/accounts/login/code/", {"email": ""}),
        ("/accounts/password/reset/", {"email": ""}),
        ("/accounts/signup/", {"email": "", "username": "newcomer"}),
        ("/accounts/signup/", {"email": "", "username": "newcomer", "password1": PASSWORD}),
        ("/_allauth/app/v1/auth/login", {"email": "", "password": PASSWORD}),
        ("/_allauth/app/v1/auth/code/request", {"email": ""}),
        ("/_allauth/app/v1/auth/signup", {"email": "", "username": "newcomer"}),
        ("/_allauth/app/v1/auth/signup", {"email": "", "username": "newcomer", "password": PASSWORD}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_no_answer_tells_whether_an_address_has_an_account_nor_how_long_it_takes(path, typed, settings):
    make_user("grace")
    bare = make_user("ada")
    bare.set_unusable_password()
    bare.save()
    settings.PASSWORD_HASHERS = [f"{__name__}.Counted"]
    found = []
    for address in ("grace@example.org", "ada@example.org", "other@example.org"):
        fields = {name: value or address for name, value in typed.items()}
        client, Counted.times = Client(), 0
        if "_allauth" in path:
            answer = client.post(path, json.dumps(fields), content_type="application/json")
        else:
            answer = client.post(path, fields)
        page = client.get(answer["Location"]) if answer.status_code == 302 else answer
        shown = re.sub(r'(csrfmiddlewaretoken" value|session_token)"?[=:] ?"[^"]+"', "", page.content.decode())
        found.append((answer.status_code, answer.get("Location"), shown.replace(address, ""), Counted.times))

    assert found[0] == found[2]
    assert found[1] == found[2]
    assert len(mail.outbox) in {0, 3}


@pytest.mark.parametrize(
    "target", ["http://[here](x)", "//[x]/", "http://[::1", "https://a@[::ffff:1.2.3.4] [b](c)", "http://[v1.x]/"]
)
@pytest.mark.parametrize("path", ["login", "signup", "logout", "login/code"])
@pytest.mark.django_db
def test_what_is_no_address_is_no_place_to_return_to(path, target):
    answer = Client().get(f"/accounts/{path}/", {"next": target})

    assert answer.status_code in {200, 302}
    assert "[" not in answer.get("Location", "")
