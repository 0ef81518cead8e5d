"""Apps on phones: sign a reader in at `/_allauth/app/v1/`, and post at `/api/v1/` with the session's token."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.utils import timezone

from comments.models import Comment
from newsreader.accounts.models import CommenterIdentity, User
from tests.factories import make_article, make_user
from tests.standin import Case

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


class App:
    """An app that keeps no cookies, only its session's token."""

    def __init__(self):
        self.token = ""

    def call(self, method, address, body=None, **headers):
        if self.token:
            headers["X-Session-Token"] = self.token
        content = {"data": body, "content_type": "application/json"} if body is not None else {}
        answer = getattr(Client(enforce_csrf_checks=True), method)(address, headers=headers, **content)
        try:
            self.token = answer.json()["meta"].get("session_token") or self.token
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        return answer

    def auth(self, step, **body):
        return self.call("post", f"/_allauth/app/v1/auth/{step}", body)


def id_token(standin, provider):
    """What a provider's own library hands to an app: signed for our client."""
    paths = {"google": ("/o/oauth2/v2/auth", "/token"), "apple": ("/auth/authorize", "/auth/token")}
    authorize, token = paths.get(provider, ("/oidc/authorize", "/oidc/token"))
    client = {"client_id": f"{provider}-client", "redirect_uri": "http://testserver/app/", "response_type": "code"}
    client |= {"response_mode": "form_post"} if provider == "apple" else {}
    sent = requests.get(
        f"{standin.url}{authorize}", client | {"state": "s", "scope": "openid"}, allow_redirects=False, timeout=5
    )
    home = re.search(r'name="code" value="([^"]+)"', sent.text)  # Apple's way back is a form.
    code = home[1] if home else parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
    form = client | {"code": code, "grant_type": "authorization_code", "client_secret": f"{provider}-secret"}
    return requests.post(f"{standin.url}{token}", form, timeout=5).json()["id_token"]


def test_a_code_opens_a_session_whose_token_posts_under_that_account():
    user, article, app = make_user("grace"), make_article(), App()
    assert app.auth("code/request", email=user.email).status_code == 401
    code = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)[0]
    assert app.auth("code/confirm", code=code).status_code == 200

    me = app.call("get", "/api/v1/me/")
    posted = app.call("post", f"/api/v1/articles/{article.pk}/comments/", {"text": "From my phone.", "name": "Mallory"})

    assert me.json()["username"] == "grace"
    assert posted.status_code == 201, posted.content
    comment = Comment.objects.get()
    assert (comment.identity.user, comment.name, comment.channel) == (user, "grace", "api")


@pytest.mark.parametrize("provider", ["google", "oidc", "apple"])
def test_a_providers_token_opens_a_session_that_posts_under_that_identity(standin, provider):
    article, app = make_article(), App()
    token = {"client_id": f"{provider}-client", "id_token": id_token(standin, provider)}
    answer = app.auth("provider/token", provider=provider, process="login", token=token)
    assert answer.status_code == 200, answer.content

    posted = app.call("post", f"/api/v1/articles/{article.pk}/comments/", {"text": "From my phone."})

    assert posted.status_code == 201
    assert Comment.objects.get().identity.provider == provider
    # Apple's statement holds no name; the app alone is told it.
    assert posted.json()["author"]["name"] == ("reader" if provider == "apple" else "Grace Hopper")


def test_a_token_made_for_somebody_else_opens_nothing(standin):
    standin.case = Case(verified="true")
    token = id_token(standin, "google")
    for forged in (token[:-4] + "AAAA", "x.y.z", "", token.split(".")[0] + ".e30."):
        answer = App().auth(
            "provider/token",
            provider="google",
            process="login",
            token={"client_id": "google-client", "id_token": forged},
        )
        assert answer.status_code == 400
    other = App().auth(
        "provider/token", provider="google", process="login", token={"client_id": "someone-elses", "id_token": token}
    )
    assert other.status_code == 400
    assert not User.objects.exists()


def test_a_session_token_that_opens_nothing_is_refused_and_makes_no_guest():
    article = make_article()
    answer = Client().post(
        f"/api/v1/articles/{article.pk}/comments/",
        {"text": "Hello", "name": "Ada", "email": "a@example.org"},
        content_type="application/json",
        headers={"X-Session-Token": "nonsense"},
    )
    assert answer.status_code == 401
    assert not Comment.objects.exists()


def test_signing_out_ends_the_token():
    user, app = make_user("grace"), App()
    app.auth("login", username="grace", password="secret")
    assert app.call("get", "/api/v1/me/").json()["id"] == user.pk
    assert app.call("delete", "/_allauth/app/v1/auth/session").status_code == 401
    assert app.call("get", "/api/v1/me/").status_code == 401


def test_an_apps_session_is_listed_and_ended_from_a_browser():
    user, app, browser = make_user("grace"), App(), Client()
    app.auth("login", username="grace", password="secret")
    browser.post("/accounts/login/", {"login": "grace", "password": "secret"})
    theirs = UserSession.objects.exclude(session_key=browser.session.session_key).get()
    assert f"/accounts/sessions/{theirs.pk}/end/" in browser.get("/accounts/sessions/").content.decode()

    browser.post(f"/accounts/sessions/{theirs.pk}/end/")

    assert app.call("get", "/api/v1/me/").status_code == 401
    assert browser.get("/api/v1/me/").json()["id"] == user.pk


def test_a_provider_that_says_no_address_is_verified_signs_in_all_the_same(standin):
    standin.case = Case(verified="false", email="grace@example.org")
    grace = make_user("grace")
    app = App()
    token = {"client_id": "google-client", "id_token": id_token(standin, "google")}
    assert app.auth("provider/token", provider="google", process="login", token=token).status_code == 200
    identity = CommenterIdentity.objects.get(provider="google")
    assert identity.user != grace
    assert not identity.email_verified


@pytest.mark.parametrize(
    "body", ["[]", "null", "{", '{"token": 1}', '{"provider": {}, "process": [], "token": "x"}', '"a"']
)
@pytest.mark.parametrize(
    "step", ["login", "signup", "code/request", "code/confirm", "provider/token", "webauthn/login"]
)
def test_nothing_that_an_app_may_send_is_our_failure(step, body):
    answer = Client().post(f"/_allauth/app/v1/auth/{step}", body, content_type="application/json")
    assert 400 <= answer.status_code < 500


def test_a_first_password_takes_a_proof_also_from_an_app():
    user, app = make_user("grace"), App()
    app.auth("login", username="grace", password="secret")
    user.set_unusable_password()
    user.save()
    app.token = ""
    assert app.auth("code/request", email=user.email).status_code == 401
    app.auth("code/confirm", code=re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)[0])

    with time_machine.travel(timezone.now() + dt.timedelta(hours=1)):
        answer = app.call("post", "/_allauth/app/v1/account/password/change", {"new_password": "Wq8!long-enough"})

    assert answer.status_code == 401
    user.refresh_from_db()
    assert not user.has_usable_password()
    app.call("post", "/_allauth/app/v1/account/password/change", {"new_password": "Wq8!long-enough"})
    user.refresh_from_db()
    assert user.check_password("Wq8!long-enough")


ODD = [
    b"[" * 50_000,
    b'{"email": ' + b"[" * 50_000,
    b'{"email": ' + b"1" * 5_000 + b"}",
    b'{"provider": "\\ud800", "process": "login", "token": {"client_id": "a", "id_token": "b"}}',
    b'{"password": "\\ud800"}',
    b'{"credential": {"id": [], "response": {"userHandle": "_____w"}}, "name": "a"}',
    b'{"credential": "0", "name": "a", "id": true, "key": -1, "password": "Wq8!long-enough"}',
    b'{"phone": "1"}',
    b"provider=google&process=login&callback_url=/",
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("signed_in", [False, True], ids=["stranger", "reader"])
def test_nothing_odd_that_an_app_may_send_is_our_failure(body, signed_in, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    make_user("grace")
    app = App()
    if signed_in:
        app.auth("login", username="grace", password="secret")
        app.auth("reauthenticate", password="secret")
    headers = {"X-Session-Token": app.token} if app.token else {}
    for method, path in [
        ("POST", "auth/login"),
        ("POST", "auth/password/reset"),
        ("POST", "auth/provider/token"),
        ("POST", "auth/provider/redirect"),
        ("POST", "auth/webauthn/login"),
        ("PUT", "auth/webauthn/signup"),
        ("POST", "auth/webauthn/reauthenticate"),
        ("POST", "auth/reauthenticate"),
        ("POST", "account/authenticators/webauthn"),
        ("PUT", "account/authenticators/webauthn"),
        ("DELETE", "account/providers"),
        ("POST", "account/phone"),
        ("GET", "account/phone"),
    ]:
        answer = Client().generic(method, f"/_allauth/app/v1/{path}", body, "application/json", headers=headers)
        assert 400 <= answer.status_code < 500, path


@pytest.mark.parametrize("provider", ["google", "oidc", "apple", "facebook"])
@pytest.mark.parametrize(
    "head",
    [{"alg": "HS256", "kid": "stand-in"}, {"alg": "none", "kid": "stand-in"}, {"alg": "RS256"}, {"kid": "stand-in"}],
    ids=str,
)
def test_a_token_signed_by_itself_opens_nothing(standin, provider, head):
    claims = id_token(standin, "oidc").split(".")[1]
    forged = f"{base64.urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip('=')}.{claims}.AAAA"

    answer = App().auth(
        "provider/token",
        provider=provider,
        process="login",
        token={"client_id": f"{provider}-client", "id_token": forged},
    )

    assert answer.status_code == 400
    assert not User.objects.exists()
