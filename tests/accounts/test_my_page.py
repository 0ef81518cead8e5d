"""One's own page, sessions, connected accounts, and proving that it is still oneself."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from PIL import Image

from newsreader.accounts import allauth_internals, pictures, reauthentication
from newsreader.accounts.browsers import browser_of
from newsreader.accounts.identities import IN_SESSION, signed_in_user
from newsreader.accounts.models import CommenterIdentity, User
from tests.accounts.test_second_factor import make_passkey
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


def code() -> str:
    """The code of the newest mail."""
    found = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", mail.outbox[-1].body)
    assert found
    return found[0]


def make_bare(**values: Any) -> User:
    """Somebody who signs in by mail, without password and factor."""
    user = make_user(**values)
    user.set_unusable_password()
    user.save()
    return user


def by_code(client: Client, user: User) -> Client:
    """Sign in by a code from the mail, as the library has it."""
    asked = client.post("/accounts/login/code/", {"email": user.email})
    client.post(asked["Location"], {"code": code()})
    assert client.session["_auth_user_id"] == str(user.pk)
    return client


def connect(user: User, provider: str = "facebook", **said: Any) -> SocialAccount:
    return SocialAccount.objects.create(user=user, provider=provider, uid=f"{provider}-{user.pk}", extra_data=said)


def later(seconds: int = 301) -> Any:
    return time_machine.travel(timezone.now() + dt.timedelta(seconds=seconds))


def picture(color: str = "red") -> SimpleUploadedFile:
    drawn = io.BytesIO()
    Image.new("RGB", (300, 200), color).save(drawn, "PNG")
    return SimpleUploadedFile("me.png", drawn.getvalue(), "image/png")


def typed(user: User, **values: Any) -> dict[str, Any]:
    return {"name": user.shown_name, "username": user.username, "language": user.language} | values


def codes_of(answer: Any) -> dict[str, str]:
    """Which code stands beside which field."""
    return dict(re.findall(r'id="id_(\w+)_error" data-code="(\w+)"', answer.content.decode()))


# --- My page ------------------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(client):
    assert client.get("/accounts/")["Location"] == "/accounts/login/?next=/accounts/"


def test_my_page_shows_who_i_am_and_where_everything_is(client):
    user = make_user("ada", name="Ada Lovelace")
    connect(user)
    make_passkey(user)
    client.force_login(user)

    answer = client.get("/accounts/")
    page = answer.content.decode()

    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    for said in ("Ada Lovelace", "@ada", user.email, "Facebook", "1 passkey", 'aria-hidden="true">AL</span>'):
        assert said in page
    for way in ("email/", "password/change/", "2fa/", "3rdparty/", "sessions/", "logout/"):
        assert f'"/accounts/{way}"' in page


def test_i_change_how_i_am_shown(client):
    user = make_user("ada")
    client.force_login(user)

    answer = client.post("/accounts/", {"name": "  Ada\u200b  King ", "username": "ada.king", "language": "en"})

    assert answer["Location"] == "/accounts/"
    user.refresh_from_db()
    assert (user.name, user.username, user.language) == ("Ada King", "ada.king", "en")
    assert "Your changes are saved." in client.get("/accounts/").content.decode()


@pytest.mark.parametrize(
    ("values", "field", "expected"),
    [
        ({"name": ""}, "name", "name_required"),
        ({"name": " \u200b\u2800 "}, "name", "name_required"),
        ({"name": "ä" * 246}, "name", "name_too_long"),
        ({"username": ""}, "username", "username_required"),
        ({"username": "GRACE"}, "username", "username_taken"),
        ({"username": "Editor"}, "username", "username_reserved"),
        ({"username": "two words"}, "username", "username_invalid"),
        ({"username": "a\u202eb"}, "username", "username_invalid"),
        ({"username": "x" * 151}, "username", "username_too_long"),
        ({"language": "de"}, "language", "invalid_choice"),
    ],
)
def test_a_refusal_has_a_code_and_keeps_what_was_typed(client, values, field, expected):
    make_user("grace")
    user = make_user("ada", name="Ada")
    client.force_login(user)

    answer = client.post("/accounts/", typed(user, name="Ada L.") | values)

    assert answer.status_code == 422
    assert codes_of(answer) == {field: expected}
    if "name" not in values:
        assert 'value="Ada L."' in answer.content.decode()
    user.refresh_from_db()
    assert (user.name, user.username) == ("Ada", "ada")


def test_a_name_may_be_as_long_as_a_commenters(client):
    user = make_user("ada")
    client.force_login(user)

    assert client.post("/accounts/", typed(user, name="ä" * 245)).status_code == 302


def test_a_reserved_username_stays_with_who_has_it(client):
    user = make_user("editor")
    client.force_login(user)

    assert client.post("/accounts/", typed(user, name="Ed")).status_code == 302


def test_my_own_username_may_change_its_case(client):
    user = make_user("ada")
    client.force_login(user)

    assert client.post("/accounts/", typed(user, username="Ada")).status_code == 302
    user.refresh_from_db()
    assert user.username == "Ada"


def test_of_two_who_take_a_username_at_once_one_is_refused(client, monkeypatch):
    user = make_user("ada")
    client.force_login(user)

    def lost(*args: Any, **values: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr("newsreader.accounts.models.User.save", lost)
    answer = client.post("/accounts/", typed(user, username="grace"))

    assert answer.status_code == 422
    assert codes_of(answer) == {"username": "username_taken"}


def test_a_post_without_anything_is_refused_not_failed_on(client):
    client.force_login(make_user())

    assert client.post("/accounts/", {}).status_code == 422
    assert client.post("/accounts/", {"name": "\x00", "username": "\x00", "language": "\x00"}).status_code == 422


@pytest.fixture
def kept(monkeypatch: Any) -> list[bytes]:
    """What was given to be kept as a picture. Whatever begins with `no` is none."""
    given: list[bytes] = []

    def keep(data: bytes) -> str:
        if data.startswith(b"no"):
            raise pictures.NotAPicture
        given.append(data)
        return "avatars/new.webp"

    monkeypatch.setattr(pictures, "keep", keep)
    return given


def test_a_picture_is_kept_shown_and_removed(client, kept):
    user = make_user("ada")
    client.force_login(user)
    sent = picture()

    assert client.post("/accounts/", typed(user, picture=sent)).status_code == 302
    user.refresh_from_db()
    assert user.avatar == "avatars/new.webp"
    assert len(kept) == 1
    assert 'src="/media/avatars/new.webp"' in client.get("/accounts/").content.decode()

    client.post("/accounts/", typed(user, remove_picture="on"))
    user.refresh_from_db()
    assert user.avatar == ""
    assert "avatar-" in client.get("/accounts/").content.decode()


@pytest.mark.parametrize("data", [b"no picture", b"", b"no" + b"x" * pictures.MOST_BYTES])
def test_what_is_no_picture_is_refused(client, kept, data):
    user = make_user("ada", name="Ada")
    client.force_login(user)

    answer = client.post("/accounts/", typed(user, name="Ada L.", picture=SimpleUploadedFile("me.png", data)))

    assert answer.status_code == 422
    assert codes_of(answer) == {"picture": "not_a_picture"}
    user.refresh_from_db()
    assert (user.name, user.avatar, kept) == ("Ada", "", [])


def test_what_is_kept_is_a_drawing_of_our_own(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    user = make_user("ada")
    client.force_login(user)

    client.post("/accounts/", typed(user, picture=picture()))

    user.refresh_from_db()
    assert Image.open(tmp_path / user.avatar).format == "WEBP"


# --- Sign-in pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/"])
def test_each_provider_has_a_button_that_posts_and_comes_back(path):
    client = Client(enforce_csrf_checks=True)

    page = client.get(f"{path}?next=/2026/11/23/ferry/").content.decode()

    for name, start in {"facebook": "facebook", "x": "twitter_oauth2", "oidc": "oidc/oidc", "apple": "apple"}.items():
        found = re.search(rf'<form method="post" action="/accounts/{start}/login/\?([^"]+)">(.*?)</form>', page)
        assert found, name
        assert "next=%2F2026%2F11%2F23%2Fferry%2F" in found[1]
        assert "csrfmiddlewaretoken" in found[2]
        assert f'data-provider="{name}"' in found[2]
        assert client.post(f"/accounts/{start}/login/").status_code == 403
    assert 'aria-label="Continue with Harbour ID"' in page


# --- Sessions -----------------------------------------------------------------------------------------------------


def signed_in(user: User, browser: str) -> Client:
    client = Client(headers={"user-agent": browser})
    client.post("/accounts/login/", {"login": user.username, "password": "secret"})
    return client


def test_sessions_are_listed_with_browser_and_network(client):
    user = make_user()
    here, there = signed_in(user, LINUX), signed_in(user, PHONE)

    page = here.get("/accounts/sessions/").content.decode()

    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    assert "127.0.0.1" in page
    assert page.count("This session") == 1
    assert page.index("Firefox on Linux") < page.index("This session") < page.index("Safari on iPhone")
    assert there.get("/accounts/").status_code == 200


def test_i_sign_out_of_one_other_session():
    user = make_user()
    here, there, elsewhere = (signed_in(user, LINUX) for _ in range(3))
    other = UserSession.objects.get(session_key=there.session.session_key)

    answer = here.post(f"/accounts/sessions/{other.pk}/end/")

    assert answer["Location"] == "/accounts/sessions/"
    assert [client.get("/accounts/").status_code for client in (here, there, elsewhere)] == [200, 302, 200]
    assert here.post(f"/accounts/sessions/{other.pk}/end/").status_code == 404


def test_i_sign_out_everywhere_else():
    user = make_user()
    here, there, elsewhere = (signed_in(user, LINUX) for _ in range(3))

    here.post("/accounts/sessions/")

    assert [client.get("/accounts/").status_code for client in (here, there, elsewhere)] == [200, 302, 302]


def test_ending_this_session_is_signing_out():
    here = signed_in(make_user(), LINUX)

    answer = here.post(f"/accounts/sessions/{UserSession.objects.get().pk}/end/")

    assert answer["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in here.session


def test_nobody_ends_somebody_elses_session(client):
    signed_in(make_user(), LINUX)
    theirs = UserSession.objects.get()
    stranger = signed_in(make_user(), LINUX)

    assert stranger.post(f"/accounts/sessions/{theirs.pk}/end/").status_code == 404
    assert stranger.post(f"/accounts/sessions/{2**80}/end/").status_code == 404
    assert stranger.get(f"/accounts/sessions/{theirs.pk}/end/").status_code == 405
    assert client.post(f"/accounts/sessions/{theirs.pk}/end/")["Location"].startswith("/accounts/login/")
    assert UserSession.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (LINUX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown browser"),
    ],
)  # fmt: skip
def test_browsers_go_by_their_names(said, shown):
    assert browser_of(said) == shown


# --- Connected accounts -------------------------------------------------------------------------------------------


def test_connected_accounts_are_listed(client):
    user = make_bare()
    connect(user, "twitter_oauth2", name="Ada on X")
    client.force_login(user)

    page = client.get("/accounts/3rdparty/").content.decode()

    assert "Ada on X" in page
    assert 'aria-label="Disconnect X"' in page
    assert "/accounts/facebook/login/?process=connect" in page
    assert "/accounts/twitter_oauth2/login/?process=connect" not in page


def test_the_only_way_in_stays(client):
    user = make_bare()
    EmailAddress.objects.all().delete()
    User.objects.update(email="")
    mine = connect(user)
    client.force_login(user)
    session = client.session
    allauth_internals.record_email_code(_request(user, session), user, "")
    session.save()

    page = client.get("/accounts/3rdparty/").content.decode()
    answer = client.post("/accounts/3rdparty/", {"account": mine.pk})

    assert "Your only sign-in method" in page
    assert 'data-code="last_way_in"' in answer.content.decode()
    assert SocialAccount.objects.filter(pk=mine.pk).exists()


def _request(user: User, session: Any) -> Any:
    request = type("Request", (), {})()
    request.user, request.session = user, session
    return request


def test_a_verified_address_is_another_way_in(client):
    user = make_bare()
    mine = connect(user)
    identity = CommenterIdentity.objects.create(provider="facebook", uid=mine.uid, user=user)
    by_code(client, user)
    session = client.session
    session[IN_SESSION] = identity.pk
    session.save()

    answer = client.post("/accounts/3rdparty/", {"account": mine.pk})

    assert answer["Location"] == "/accounts/3rdparty/"
    assert not SocialAccount.objects.filter(pk=mine.pk).exists()
    assert IN_SESSION not in client.session


def test_somebody_elses_account_is_not_disconnected(client):
    theirs = connect(make_bare())
    by_code(client, make_bare())

    client.post("/accounts/3rdparty/", {"account": theirs.pk})
    client.post("/accounts/3rdparty/", {"account": "x"})

    assert SocialAccount.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize(
    ("verified", "password", "passkey", "others", "ways"),
    [
        (True, False, False, [], {"code"}),
        (True, True, True, [], {"code", "password", "passkey"}),
        (False, True, False, [], {"password"}),
        (False, False, True, [], {"passkey"}),
        (False, False, False, ["google"], {"google"}),
        (None, True, True, [], set()),
        (None, False, False, ["twitter_oauth2"], {"x"}),
        (None, False, False, ["long-gone"], set()),
        (None, False, False, [], set()),
    ],
)
def test_ways_in(verified, password, passkey, others, ways):
    user = make_user(verified=bool(verified)) if password else make_bare(verified=bool(verified))
    if verified is None:
        EmailAddress.objects.all().delete()
    if passkey:
        make_passkey(user)
    for provider in others:
        connect(user, provider)
    going = connect(user)

    assert reauthentication.ways_in(user, without=going) == ways
    assert "facebook" in reauthentication.ways_in(user)


def test_a_key_for_the_second_step_is_no_way_in():
    user = make_bare(verified=False)
    make_passkey(user, alone=False)

    assert reauthentication.ways_in(user) == set()


def test_a_password_without_any_address_opens_nothing(client):
    """Which is why it counts for nothing among the ways in."""
    user = make_user("ada")
    EmailAddress.objects.all().delete()
    User.objects.update(email="")

    client.post("/accounts/login/", {"login": "ada", "password": "secret"})

    assert "_auth_user_id" not in client.session
    assert reauthentication.ways_in(user) == set()


# --- Confirming that it is you ------------------------------------------------------------------------------------

GUARDED = [
    ("get", "/accounts/password/set/"),
    ("post", "/accounts/password/set/"),
    ("get", "/accounts/2fa/totp/activate/"),
    ("post", "/accounts/2fa/totp/activate/"),
    ("get", "/accounts/2fa/webauthn/add/"),
    ("post", "/accounts/email/"),
    ("post", "/accounts/3rdparty/"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_who_has_no_password_proves_themselves_after_five_minutes(client, method, path):
    by_code(client, make_bare())

    assert not getattr(client, method)(path).headers.get("Location", "").startswith("/accounts/confirm/")
    with later():
        asked = getattr(client, method)(path)
    assert asked["Location"].startswith("/accounts/confirm/?next=%2Faccounts%2F")


def test_a_code_from_the_mail_proves_it_and_what_was_sent_is_done(client):
    user = make_bare()
    by_code(client, user)
    with later():
        asked = client.post("/accounts/email/", {"action_add": "", "email": "new@example.org"})
        page = asked["Location"]
        assert "Send the code" in client.get(page).content.decode()

        sent = client.post("/accounts/confirm/", {"action": "send", "next": "/accounts/email/"})
        assert sent["Location"] == "/accounts/confirm/?next=%2Faccounts%2Femail%2F"
        assert mail.outbox[-1].to == [user.email]
        done = client.post("/accounts/confirm/", {"code": code().lower(), "next": "/accounts/email/"})

    assert done["Location"] == "/accounts/confirm-email/"
    assert mail.outbox[-1].to == ["new@example.org"]


def test_a_wrong_code_counts_and_the_third_ends_it(client):
    user = make_bare()
    by_code(client, user)
    with later():
        client.post("/accounts/confirm/", {"action": "send"})
        right = code()
        answers = [client.post("/accounts/confirm/", {"code": "BBBB-BBBB"}) for _ in range(3)]
        late = client.post("/accounts/confirm/", {"code": right})

        assert [answer.status_code for answer in [*answers, late]] == [422] * 4
        found = [re.search(r'data-code="(\w+)"', answer.content.decode()) for answer in [*answers, late]]
        assert [each and each[1] for each in found] == ["code_wrong", "code_wrong", "code_expired", "code_expired"]
        assert client.get("/accounts/password/set/").status_code == 302


def test_a_code_is_good_for_three_minutes(client):
    by_code(client, make_bare())
    with later():
        client.post("/accounts/confirm/", {"action": "send"})
        right = code()
    with later(301 + 181):
        assert client.post("/accounts/confirm/", {"code": right}).status_code == 422


def test_codes_and_attempts_are_limited(client):
    by_code(client, make_bare())
    with later():
        sent = [client.post("/accounts/confirm/", {"action": "send"}).status_code for _ in range(5)]
        tried = [client.post("/accounts/confirm/", {"code": "x"}).status_code for _ in range(12)]

    assert sent.count(302) == 3
    assert sent[-1] == 429
    assert tried[-1] == 429


def test_somebody_elses_code_proves_nothing(client):
    by_code(client, make_bare())
    with later():
        client.post("/accounts/confirm/", {"action": "send"})
        right, waiting = code(), client.session[reauthentication.IN_SESSION]
    other = make_bare()
    client.force_login(other)
    session = client.session
    session[reauthentication.IN_SESSION] = waiting
    session.save()

    assert client.post("/accounts/confirm/", {"code": right}).status_code == 422


def test_who_came_by_a_provider_may_go_there_again(client):
    user = make_bare()
    connect(user)
    client.force_login(user)

    page = client.get("/accounts/confirm/?next=/accounts/3rdparty/").content.decode()

    assert '"/accounts/facebook/login/?next=%2Faccounts%2F3rdparty%2F"' in page
    assert "/accounts/google/login/" not in page


def test_who_has_nothing_is_told_to_sign_in_again(client):
    user = make_bare()
    EmailAddress.objects.all().delete()
    client.force_login(user)

    assert "sign out and sign in again" in client.get("/accounts/confirm/").content.decode()
    assert client.post("/accounts/confirm/", {"action": "send"}).status_code == 302
    assert client.post("/accounts/confirm/", {"code": ""}).status_code == 422


def test_who_has_a_password_is_asked_for_it(client):
    user = make_user()
    client.post("/accounts/login/", {"login": user.username, "password": "secret"})

    asked = client.get("/accounts/confirm/?next=/accounts/email/")

    assert asked["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_it_never_leads_elsewhere(client, target):
    by_code(client, make_bare())

    assert client.get("/accounts/confirm/", {"next": target})["Location"] == "/"
    with later():
        client.post("/accounts/confirm/", {"action": "send"})
        assert client.post("/accounts/confirm/", {"code": code(), "next": target})["Location"] == "/"


def test_must_confirm(client, rf):
    bare, reader = make_bare(), make_user()
    request = rf.get("/")
    request.user, request.session = AnonymousUser(), client.session
    assert reauthentication.must_confirm(request)

    request.user, request.session = bare, by_code(Client(), bare).session
    assert not reauthentication.must_confirm(request)
    with later():
        assert reauthentication.must_confirm(request)

    # A sign-in by password is no proof by itself: the library asks for it again.
    visitor = Client()
    visitor.post("/accounts/login/", {"login": reader.username, "password": "secret"})
    request.user, request.session = reader, visitor.session
    assert reauthentication.must_confirm(request)
    visitor.post("/accounts/reauthenticate/", {"password": "secret"})
    request.session = visitor.session
    assert not reauthentication.must_confirm(request)
    assert not Authenticator.objects.exists()


def test_where_nobody_is_signed_in_no_account_is_handed_on(rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        signed_in_user(request)

    request.user = make_user("ada")
    assert signed_in_user(request) == request.user
