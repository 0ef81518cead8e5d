"""The second factor of staff, and passkeys as far as no browser is needed for them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from comments.models import Comment
from comments.moderation.decisions import decide
from comments.notifications.links import action_urls
from newsreader.accounts.models import User
from tests.factories import make_article, make_author, make_comment, make_editor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]

NONE_YET = "asks for a second factor"


@pytest.fixture(autouse=True)
def _staff_need_a_second_factor(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True


def app_code(secret: str) -> str:
    """What an authenticator app shows for this secret now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def make_passkey(user: User, *, name: str = "Phone", alone: bool = True) -> Authenticator:
    """A passkey as it is kept here after a browser has made it; nobody holds its other half."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential_id = hashlib.sha256(name.encode()).digest()
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    attested = AttestedCredentialData.create(b"\0" * 16, credential_id, key)
    data = AuthenticatorData.create(hashlib.sha256(b"testserver").digest(), flags, 0, attested)
    client_data = json.dumps({"type": "webauthn.create", "challenge": "", "origin": "http://testserver"})
    credential = {
        "type": "public-key",
        "id": websafe_encode(credential_id),
        "rawId": websafe_encode(credential_id),
        "response": {
            "clientDataJSON": websafe_encode(client_data.encode()),
            "attestationObject": websafe_encode(bytes(AttestationObject.create("none", data, {}))),
        },
        "clientExtensionResults": {"credProps": {"rk": alone}},
    }
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": credential}
    )


def sign_in(client: Client, user: User) -> Any:
    return client.post("/accounts/login/", {"login": user.username, "password": "secret"})


def confirm(client: Client) -> None:
    """Give the password once more, as the library asks before factors are touched."""
    assert client.post("/accounts/reauthenticate/", {"password": "secret", "next": "/"}).status_code == 302


def set_up_an_app(client: Client) -> str:
    """Set up an app with the client's session; returns its secret. A minute later its next code may be used."""
    confirm(client)
    client.get("/accounts/2fa/totp/activate/")
    secret: str = client.session["mfa.totp.secret"]
    answer = client.post("/accounts/2fa/totp/activate/", {"code": app_code(secret)})
    assert answer.status_code == 302, answer.context["form"].errors
    return secret


@pytest.fixture
def editor() -> User:
    return make_editor()


def test_staff_without_a_factor_are_led_to_set_one_up(client, editor):
    sign_in(client, editor)

    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain == [("/accounts/2fa/", 302)]
    assert NONE_YET in answer.content.decode()
    refused = client.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")


@pytest.mark.django_db(transaction=True)  # The library tells of a new factor after commit.
def test_an_app_opens_the_editors_site_in_the_same_session(client, editor):
    sign_in(client, editor)

    set_up_an_app(client)

    assert client.get("/admin/").status_code == 200
    assert client.get("/api/v1/me/").status_code == 200


def test_the_code_is_asked_for_before_there_is_a_session(client, editor):
    sign_in(client, editor)
    secret = set_up_an_app(client)
    client.post("/accounts/logout/")

    asked = sign_in(client, editor)

    assert asked["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in client.session
    assert "Use a passkey" not in client.get("/accounts/2fa/authenticate/").text  # There is none.
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    assert "_auth_user_id" not in client.session
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):  # Each code works once.
        client.post("/accounts/2fa/authenticate/", {"code": app_code(secret)})
        assert client.get("/admin/").status_code == 200


def test_a_recovery_code_works_once(client, editor):
    sign_in(client, editor)
    set_up_an_app(client)
    codes = Authenticator.objects.get(user=editor, type="recovery_codes").wrap().get_unused_codes()
    for expected in (True, False):
        client.post("/accounts/logout/")
        sign_in(client, editor)
        client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert ("_auth_user_id" in client.session) is expected


def test_a_passkey_counts_as_the_factor(client, editor):
    make_passkey(editor)

    assert sign_in(client, editor)["Location"] == "/accounts/2fa/authenticate/"
    assert "Use a passkey" in client.get("/accounts/2fa/authenticate/").text


def test_the_last_factor_of_staff_stays(client, editor):
    sign_in(client, editor)
    set_up_an_app(client)

    client.post("/accounts/2fa/totp/deactivate/")

    assert Authenticator.objects.filter(user=editor, type="totp").exists()
    passkey = make_passkey(editor)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=editor, type="totp").exists()
    answer = client.post(f"/accounts/2fa/webauthn/keys/{passkey.pk}/remove/")
    assert Authenticator.objects.filter(pk=passkey.pk).exists()
    assert answer.status_code == 422


def test_a_reader_removes_their_last_factor_when_they_like(client):
    reader = make_user()
    sign_in(client, reader)
    confirm(client)
    passkey = make_passkey(reader)

    assert client.post(f"/accounts/2fa/webauthn/keys/{passkey.pk}/remove/").status_code == 302
    assert not Authenticator.objects.filter(pk=passkey.pk).exists()


def test_nobody_removes_somebody_elses_key(client):
    theirs = make_passkey(make_user())
    sign_in(client, make_user())
    confirm(client)

    assert client.post(f"/accounts/2fa/webauthn/keys/{theirs.pk}/remove/").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def test_a_reader_is_not_asked(client):
    sign_in(client, make_user())

    assert client.get("/api/v1/me/").status_code == 200
    assert client.get("/accounts/").status_code == 200


def test_where_it_is_off_nobody_is_forced(client, editor, settings):
    settings.STAFF_SECOND_FACTOR = False
    sign_in(client, editor)

    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x",
        "[" * 5000,
        "[]",
        "null",
        "1",
        '"text"',
        "{}",
        '{"id": 1}',
        '{"response": []}',
        '{"id": "x", "rawId": "x", "type": "public-key", "response": {}}',
        json.dumps(
            {
                "id": "eA",
                "rawId": "eA",
                "type": "public-key",
                "response": {"clientDataJSON": "e30", "authenticatorData": "eA", "signature": "eA", "userHandle": None},
            }
        ),
    ],
)
def test_what_is_no_passkey_is_refused(client, credential):
    reader = make_user()
    assert client.post("/accounts/2fa/webauthn/login/", {"credential": credential}).status_code < 500
    sign_in(client, reader)
    confirm(client)
    client.get("/accounts/2fa/webauthn/add/")
    assert client.post("/accounts/2fa/webauthn/add/", {"credential": credential}).status_code < 500
    assert not Authenticator.objects.exists()
    make_passkey(reader)
    assert client.post("/accounts/2fa/webauthn/reauthenticate/", {"credential": credential}).status_code < 500
    client.post("/accounts/logout/")
    sign_in(client, reader)
    assert client.post("/accounts/2fa/authenticate/", {"credential": credential}).status_code < 500
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["/accounts/2fa/webauthn/login/", "/_allauth/app/v1/auth/webauthn/login"])
def test_a_stranger_begins_no_more_passkeys_than_can_be_tried(path):
    """Each begins a session, which is a row."""
    browser = {"x-requested-with": "XMLHttpRequest"}

    answers = [Client().get(path, headers=browser) for _ in range(14)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 4
    assert Session.objects.count() <= 10


def test_an_apps_token_opens_no_more_than_the_session_behind_it(client, editor):
    opened = client.post(
        "/_allauth/app/v1/auth/login", {"username": editor.username, "password": "secret"}, "application/json"
    )
    token = {"X-Session-Token": opened.json()["meta"]["session_token"]}

    for path in ("me", "moderation/queue"):
        refused = Client().get(f"/api/v1/{path}/", headers=token)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")


def test_whoever_becomes_staff_in_the_middle_of_a_session_needs_the_factor_at_once(client):
    reader = make_user()
    sign_in(client, reader)
    reader.is_staff = reader.is_superuser = True
    reader.save()

    assert client.get("/admin/")["Location"] == "/accounts/2fa/"
    assert client.get("/api/v1/me/").status_code == 403


# --- Everywhere ---------------------------------------------------------------------------------------------------

HIDDEN = ("Nothing for readers", "heldwords")


@pytest.fixture
def hidden(editor: User) -> dict[str, Any]:
    """What only the newsroom sees, some of it `editor`'s own: what `<…>` in an address stands for."""
    draft = make_article(state="draft", headline=HIDDEN[0], slug="nothing-yet", authors=[make_author(user=editor)])
    comment, closed = make_comment(text="heldwords"), make_article(comments_close_at=timezone.now())
    decide(comment.pk, "pending")
    return {"article_id": draft.pk, "pk": comment.pk, "comment_id": comment.pk, "closed": closed.pk}


def addresses(hidden: dict[str, Any], patterns: Any = None, before: str = "") -> Iterator[str]:
    """Every address of the site that takes nothing but the ids of what is hidden."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from addresses(hidden, pattern.url_patterns, route)
            continue
        filled = re.sub(r"<int:(\w+)>", lambda found: str(hidden.get(found[1], found[0])), route)
        if re.fullmatch(r"[\w/.-]*", filled):
            yield f"/{filled}"


def test_without_it_staff_are_shown_what_a_reader_is_shown_everywhere(editor, hidden):
    staff, reader = Client(), Client()
    staff.force_login(editor)
    reader.force_login(make_user())
    asked = [address for address in addresses(hidden) if not address.startswith(("/accounts/", "/_allauth/"))]
    asked += [f"/articles/{hidden['closed']}/{page}/" for page in ("you", "reply")]
    asked += [f"/api/v1/articles/{hidden['article_id']}/", "/search/?q=readers"]

    assert {"/", f"/articles/{hidden['article_id']}/preview/", "/admin/moderation/", "/api/v1/moderation/queue/"} <= {
        *asked
    }
    for address in asked:
        answer, theirs = staff.get(address), reader.get(address)
        if address.startswith(("/admin/", "/api/")):
            assert answer.status_code in {302, 403}, address
        else:
            assert answer.status_code == theirs.status_code, address
            assert 'class="exempt"' not in answer.text, address
        assert not any(word in answer.text for word in HIDDEN), address


def test_without_it_staff_do_what_a_reader_may_do_and_nothing_is_lost(client, editor, hidden, settings):
    client.force_login(editor)
    article = make_article()

    closed = client.post(f"/articles/{hidden['closed']}/reply/", {"text": "A last word."})
    client.post(f"/articles/{article.pk}/reply/", {"text": "Hello."})
    client.post("/accounts/", {"name": "Mia", "language": ""})

    assert (closed.status_code, "A last word." in closed.text) == (403, True)
    mine = Comment.objects.get(body="Hello.")
    assert (mine.status, mine.by_staff) == ("pending", False)
    editor.refresh_from_db()
    assert editor.is_staff
    assert editor.has_perm("articles.change_any_article")
    settings.STAFF_SECOND_FACTOR = False
    assert client.get(f"/articles/{hidden['article_id']}/preview/").status_code == 200


def test_rights_without_the_flag_of_staff_need_it_too(client, hidden):
    somebody = make_user(group="Editors", is_staff=False)
    client.force_login(somebody)

    assert client.get(f"/articles/{hidden['article_id']}/preview/").status_code == 404
    assert client.get(f"/api/v1/articles/{hidden['article_id']}/").status_code == 404


def test_a_link_in_a_mail_decides_for_nobody_without_a_factor(client, hidden):
    comment, moderator = Comment.objects.get(pk=hidden["pk"]), make_user(group="Moderators")
    make_passkey(moderator)
    path = urlsplit(action_urls(comment.decisions.last(), moderator.email)["approve"]).path
    assert client.get(path).status_code == 200
    Authenticator.objects.all().delete()

    refused = client.post(path)

    assert (refused.status_code, 'data-code="second_factor_required"' in refused.text) == (403, True)
    assert Comment.objects.get(pk=comment.pk).status == "pending"
    assert action_urls(comment.decisions.last(), moderator.email) == {}


def test_a_factor_set_up_elsewhere_opens_no_session_that_was_begun_without(client, editor):
    sign_in(client, editor)
    make_passkey(editor)

    assert client.get("/admin/")["Location"] == "/accounts/2fa/"
