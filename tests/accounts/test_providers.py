"""Signing in with each login provider, as it should go and as it may: against the stand-in of all of them."""

from __future__ import annotations

import datetime as dt
import threading
import warnings
from itertools import product
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
import time_machine
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core import mail
from django.test import Client
from django.utils import timezone

from newsreader.accounts.models import CommenterIdentity, User
from tests.factories import make_article, make_comment, make_user
from tests.standin import MISSING, STARTS, Case, come_back, consent, sign_in, start

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]  # What a provider says is the same on any database.

ALL = list(STARTS)
OURS = ["wordpress", "apple", "x"]
LIBRARYS = [name for name in ALL if name not in OURS]
TELLING_EMAIL = [name for name in ALL if name != "x"]
TELLING_VERIFIED = ["wordpress", "google", "apple", "github", "oidc"]
UID_FIELDS = {"wordpress": "ID", "google": "sub", "apple": "sub", "oidc": "sub"}  # Elsewhere it is `id`.
OUTCOME = "/x/?reply=7&sign_in="


def crossed(*values, fully=("wordpress",)):
    """Pairs of a provider and a value: all values with those named, one with each other, another each time."""
    return [
        (provider, value)
        for at, provider in enumerate(ALL)
        for value in (values if provider in fully else values[at % len(values) :][:1])
    ]


def some(at):
    """The providers with code of our own, and one of the library's, another for each `at`: the rest are for the night.

    For what the library or the house does for all providers alike.
    """
    chosen = {*OURS, LIBRARYS[at % len(LIBRARYS)]}
    return [name if name in chosen else pytest.param(name, marks=pytest.mark.long) for name in ALL]


def user_of(client):
    """The id of who is signed in, or None."""
    return client.session.get("_auth_user_id")


def identity_of(client):
    return CommenterIdentity.objects.get(pk=client.session["identity"])


def owner(*, verified=True):
    """Somebody with an account here and the address that providers will tell."""
    user = make_user("grace")
    User.objects.update(email="grace@id.example")
    EmailAddress.objects.update(email="grace@id.example", verified=verified)
    return user


def is_refusal(answer, client):
    """Say whether a trip ended in order: an error page or the way back, nobody signed in, nothing written."""
    ended = answer.status_code == 401 or (answer.status_code == 302 and answer["Location"] == OUTCOME + "failed")
    return ended and user_of(client) is None and not SocialAccount.objects.exists() and not User.objects.exists()


@pytest.fixture
def held():
    """What a provider's step may wait for; it comes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


# Somebody signs in.


@pytest.mark.parametrize("via_second", [False, True], ids=["directly", "by way of another address"])
@pytest.mark.parametrize("provider", ALL)
def test_a_reader_signs_in(client, standin, provider, via_second):
    standin.case = Case(via_second=via_second)

    answer = sign_in(client, provider, next="/2026/11/23/ferry/?replytocom=7#respond")

    assert answer.status_code == 302
    assert answer["Location"] == "/2026/11/23/ferry/?replytocom=7#respond"
    user = User.objects.get(pk=user_of(client))
    identity = identity_of(client)
    verified = provider in TELLING_VERIFIED
    assert (identity.provider, identity.uid, identity.user) == (provider, "4711", user)
    assert identity.display_name == user.name == "Grace Hopper"
    assert identity.email == ("grace@id.example" if provider in TELLING_EMAIL else "")
    assert identity.email_verified is verified
    assert bool(identity.verified_at) is verified
    told = [("grace@id.example", True, True)] if verified else []
    assert list(user.emailaddress_set.values_list("email", "verified", "primary")) == told
    assert not user.has_usable_password()
    assert not user.is_staff
    assert "grace@" not in user.username
    assert client.cookies["known"].value == "1"
    assert mail.outbox == []


@pytest.mark.parametrize("provider", [name for name in ALL if name not in {"apple", "microsoft"}])
def test_a_picture_is_remembered_and_not_fetched_by_the_way(client, standin, provider):
    sign_in(client, provider)

    assert identity_of(client).avatar_source == f"{standin.url}/avatar.png"
    assert not [seen for seen in standin.requests if seen.path == "/avatar.png"]


def test_what_a_profile_says_of_a_picture_counts_before_what_stands_in_the_token(client, standin):
    standin.case = Case(claims=(("picture", "https://id.example/old.png"),))

    sign_in(client, "oidc")

    assert identity_of(client).avatar_source == f"{standin.url}/avatar.png"


@pytest.mark.parametrize("provider", ["wordpress", "github"])
def test_a_profile_is_remembered_where_a_provider_tells_one(client, standin, provider):
    sign_in(client, provider)

    assert identity_of(client).profile_url == "https://id.example/grace"


@pytest.mark.parametrize("provider", ALL)
def test_coming_again_is_the_same_person_even_with_another_address(client, standin, provider):
    sign_in(client, provider)
    first = user_of(client)
    rows = list(EmailAddress.objects.values_list("user", "email", "verified"))
    standin.case = Case(name="Grace Murray", email="murray@id.example", verified=False)
    again = Client()

    sign_in(again, provider)

    assert user_of(again) == first
    identity = identity_of(again)
    assert identity.pk == identity_of(client).pk
    assert identity.email == ("murray@id.example" if provider in TELLING_EMAIL else "")
    assert (identity.email_verified, identity.verified_at) == (False, None)
    assert identity.display_name == ("Grace Hopper" if provider == "apple" else "Grace Murray")  # Apple tells it once.
    assert list(EmailAddress.objects.values_list("user", "email", "verified")) == rows


@pytest.mark.parametrize(("provider", "email"), crossed(None, MISSING, "", "no address"))
def test_without_an_address_somebody_signs_in_all_the_same_and_none_is_invented(client, standin, provider, email):
    standin.case = Case(email=email, verified=False)

    answer = sign_in(client, provider)

    assert answer["Location"] == "/x/"  # No form in between.
    user = User.objects.get(pk=user_of(client))
    assert user.email == ""
    assert not EmailAddress.objects.exists()
    assert (identity_of(client).email, identity_of(client).email_verified) == ("", False)


@pytest.mark.parametrize(("provider", "name"), crossed(None, MISSING, "", {"full": "Grace"}, 7))
def test_without_a_name_there_is_some_name_and_it_is_no_address(client, standin, provider, name):
    standin.case = Case(name=name, username=None)

    sign_in(client, provider)

    assert identity_of(client).display_name
    assert "@" not in identity_of(client).display_name + User.objects.get().username
    assert "None" not in identity_of(client).display_name


def test_apple_tells_a_name_once_and_it_stays(standin):
    first, second = Client(), Client()
    sign_in(first, "apple")
    sign_in(second, "apple")

    assert "user" not in consent(start(Client(), "apple")).form
    assert identity_of(second).display_name == "Grace Hopper"
    assert User.objects.get().name == "Grace Hopper"


def test_what_the_browser_brings_from_apple_says_no_more_than_a_name(client, standin):
    home = consent(start(client, "apple"))
    home.form["user"] = '{"name": {"firstName": "Ada", "lastName": ""}, "sub": "1", "email": "boss@id.example"}'

    come_back(client, home)

    identity = identity_of(client)
    assert (identity.uid, identity.email, identity.display_name.strip()) == ("4711", "grace@id.example", "Ada")


@pytest.mark.parametrize("words", ["", "null", "[]", "7", '"x"', "{", '{"name": null}', '{"name": {"firstName": []}}'])
def test_odd_words_in_apples_post_do_no_harm(client, standin, words):
    home = consent(start(client, "apple"))
    home.form["user"] = words

    come_back(client, home)

    assert identity_of(client).display_name


@pytest.mark.parametrize("provider", ["google", "oidc"])
def test_the_profile_is_asked_for_where_no_statement_comes(client, standin, provider):
    standin.case = Case(id_token=False)

    sign_in(client, provider)

    assert (identity_of(client).uid, identity_of(client).email_verified) == ("4711", True)


# Whose address it is.


# WordPress' answer is read by us, and Google's words are taken for more by the library. Apple's "true" is one: below.
@pytest.mark.parametrize(
    ("provider", "verified"),
    crossed(False, None, "false", "yes", "true", 1, [], MISSING, fully=("wordpress", "google")),
)
def test_a_word_is_no_proof_of_an_address(client, standin, provider, verified):
    victim = owner()
    standin.case = Case(verified=verified, id_token=provider != "google")

    answer = sign_in(client, provider)

    assert answer.status_code < 500
    assert user_of(client) != str(victim.pk)
    assert not EmailAddress.objects.exclude(user=victim).exists()
    assert not CommenterIdentity.objects.filter(email_verified=True).exists()
    if not (provider == "github" and verified is MISSING):  # GitHub always says it: such an answer is broken.
        assert user_of(client)


@pytest.mark.parametrize(("said", "verified"), [("true", True), (True, True), ("false", False), ("True", False)])
def test_apple_says_true_as_a_word(client, standin, said, verified):
    standin.case = Case(verified=said)

    sign_in(client, "apple")

    assert identity_of(client).email_verified is verified
    assert EmailAddress.objects.exists() is verified


@pytest.mark.parametrize(("provider", "verified"), crossed(*product([True, False], repeat=2)))
def test_an_account_here_with_the_same_address_stays_its_owners(client, standin, provider, verified):
    told_verified, own_verified = verified
    grace = owner(verified=own_verified)
    before = list(EmailAddress.objects.filter(user=grace).values())
    standin.case = Case(verified=told_verified)

    answer = sign_in(client, provider)

    assert answer.status_code == 302
    assert user_of(client) not in {None, str(grace.pk)}
    assert list(EmailAddress.objects.filter(user=grace).values()) == before
    grace.refresh_from_db()
    assert grace.check_password("secret")
    if own_verified:
        assert not EmailAddress.objects.exclude(user=grace).exists()


@pytest.mark.parametrize("provider", ["google", "github"])
def test_an_address_in_other_letters_is_the_same(client, standin, provider):
    grace = owner()
    standin.case = Case(email="Grace@ID.example")

    sign_in(client, provider)

    assert user_of(client) not in {None, str(grace.pk)}
    assert EmailAddress.objects.get().user == grace


def test_two_providers_with_one_address_are_two_accounts(standin):
    one, other = Client(), Client()
    sign_in(one, "google")
    sign_in(other, "github")

    assert user_of(one) != user_of(other)
    assert EmailAddress.objects.get(email="grace@id.example").user_id == int(user_of(one))


# What goes wrong.


def failing(provider, case):
    """A case that this provider's trip meets: Google says all in its statement, so its profile has to be asked for."""
    values = {"id_token": False} if provider == "google" else {}
    return Case(**(values | case))


FAILURES = {
    "token 500": {"token_status": 500},
    "token 400": {"token_status": 400},
    "token garbage": {"garbage": "token"},
    "no token": {"omit": ("access_token",)},
    "profile 500": {"profile_status": 500},
    "profile 401": {"profile_status": 401},
    "profile garbage": {"garbage": "profile"},
}


@pytest.mark.parametrize(("provider", "failure"), crossed(*product(FAILURES, ["/x/", OUTCOME])))
def test_a_provider_that_fails_is_no_failure_of_ours(client, standin, provider, failure):
    failure, next = failure
    standin.case = failing(provider, FAILURES[failure])

    answer = sign_in(client, provider, next=next)

    assert is_refusal(answer, client)
    assert (answer.status_code == 302) is (next == OUTCOME)


@pytest.mark.parametrize(("provider", "uid"), crossed(MISSING, None, "", [], {}, "9" * 300))
def test_nobody_is_nobody(client, standin, provider, uid):
    standin.case = failing(provider, {"uid": uid})

    assert is_refusal(sign_in(client, provider, next=OUTCOME), client)


@pytest.mark.parametrize("provider", ALL)
def test_an_id_that_is_left_out_is_nobody(client, standin, provider):
    standin.case = Case(omit=(UID_FIELDS.get(provider, "id"),))

    assert is_refusal(sign_in(client, provider), client)


@pytest.mark.parametrize("provider", ALL)
def test_fields_of_other_kinds_are_no_failure_of_ours(client, standin, provider):
    standin.case = Case(name=["Grace"], email={"at": "home"}, username=[7], picture={"u": 1}, profile=["p"])

    answer = sign_in(client, provider, next=OUTCOME)

    assert answer.status_code < 500
    assert user_of(client) or answer["Location"] == OUTCOME + "failed"
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize("provider", some(0))
def test_somebody_who_says_no_comes_back_as_they_were(client, standin, provider):
    standin.case = Case(deny=True)

    answer = sign_in(client, provider, next=OUTCOME)

    assert answer["Location"] == OUTCOME + "denied"
    assert user_of(client) is None
    page = sign_in(client, provider)
    assert page.status_code == 302
    assert page["Location"] == "/accounts/3rdparty/login/cancelled/"
    assert client.get(page["Location"]).status_code == 200
    assert not User.objects.exists()


@pytest.mark.parametrize("step", ["token", "profile"])
@pytest.mark.parametrize("provider", some(1))
def test_a_slow_provider_is_not_waited_for(client, standin, held, provider, step, settings):
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.5  # seconds
    standin.case = failing(provider, {"held": held, "slow": step})
    home = consent(start(client, provider, next=OUTCOME))

    answer = come_back(client, home)

    assert not held.is_set()
    assert is_refusal(answer, client), "who waits hears in the end who it is"


def test_a_trip_waits_for_all_its_answers_no_longer_than_for_one(client, standin, settings):
    """GitHub is asked for the profile and for the addresses; each comes in time, and both together do not."""
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 1  # second
    standin.case = Case(delay=0.7, slow="profile")
    home = consent(start(client, "github", next=OUTCOME))

    assert is_refusal(come_back(client, home), client), "with a second for each, both would have come in time"


@pytest.mark.parametrize(
    "case",
    [{"discovery_status": 500}, {"garbage": "discovery"}, {"delay": 2.0, "slow": "discovery"}],
    ids=["500", "garbage", "slow"],
)
@pytest.mark.parametrize("next", ["/x/", OUTCOME])
def test_a_server_that_cannot_say_where_its_pages_are_is_no_failure_of_ours(client, standin, settings, case, next):
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.5  # seconds
    standin.case = Case(**case)
    client.raise_request_exception = False

    answer = client.post(STARTS["oidc"] + f"?next={next.replace('?', '%3F').replace('&', '%26')}")

    assert is_refusal(answer, client)


@pytest.mark.parametrize(
    ("provider", "name"),
    crossed(
        ("<script>alert(1)</script> Grace", "<script>alert(1)</script> Grace"),
        ("\u202eecarG\u202c Hop\u200bper\u2066", "ecarG Hopper"),
        ("Grace\x00 Hopper", "Grace Hopper"),
        ("Grace\r\nBcc: all@id.example\tHopper", "Grace Bcc: all@id.example Hopper"),
        ("Grace \ud800Hopper", "Grace Hopper"),
        ("G" + "r" * 4999, "G" + "r" * 244),
        ('<b>&amp;</b> "O\'Hara"', '<b>&amp;</b> "O\'Hara"'),
    ),
)
def test_a_name_is_cleaned_cut_and_escaped(client, standin, provider, name):
    told, shown = name
    standin.case = Case(name=told)

    sign_in(client, provider)

    assert identity_of(client).display_name == shown
    page = client.get("/accounts/3rdparty/")
    assert page.status_code == 200
    assert "<script>alert(1)" not in page.content.decode()
    assert "<b>&amp;</b>" not in page.content.decode()


@pytest.mark.parametrize("provider", some(14))
def test_a_nul_in_any_field_is_no_failure_of_ours(client, standin, provider):
    standin.case = Case(email="gr\x00ace@id.example", username="gr\x00ace", picture="https://i\x00d/", profile="\x00")

    answer = sign_in(client, provider, next=OUTCOME)

    assert answer["Location"] == OUTCOME
    assert identity_of(client).email_verified is False


# Whose trip it is.


@pytest.mark.parametrize("provider", some(2))
def test_an_answer_belongs_to_the_browser_that_asked(standin, provider):
    asked, other = Client(), Client()
    home = consent(start(asked, provider, next=OUTCOME))

    answer = come_back(other, home)

    assert 400 <= answer.status_code < 500
    assert user_of(other) is None
    assert not User.objects.exists()


@pytest.mark.parametrize("provider", some(3))
def test_an_answer_is_good_for_once(client, standin, provider):
    home = consent(start(client, provider, next=OUTCOME))
    come_back(client, home)
    client.post("/accounts/logout/")

    answer = come_back(client, home)

    assert 400 <= answer.status_code < 500
    assert user_of(client) is None


@pytest.mark.parametrize("provider", some(4))
def test_an_answer_that_comes_after_more_than_ten_minutes_is_none(client, standin, provider):
    home = consent(start(client, provider, next=OUTCOME))

    with time_machine.travel(timezone.now() + dt.timedelta(seconds=601)):
        answer = come_back(client, home)

    assert 400 <= answer.status_code < 500
    assert user_of(client) is None
    assert not User.objects.exists()


@pytest.mark.parametrize("provider", some(5))
def test_an_answer_without_its_mark_or_with_another_providers_is_none(client, standin, provider):
    for other in (name for name in ALL if name != provider):
        mark = parse_qs(urlsplit(start(client, other, next=OUTCOME)).query)["state"][0]
        address = start(client, provider)
        own = parse_qs(urlsplit(address).query)["state"][0]
        home = consent(address.replace(own, mark))

        answer = come_back(client, home)

        assert 400 <= answer.status_code < 500
        assert user_of(client) is None
    assert not User.objects.exists()


@pytest.mark.parametrize("provider", some(6))
def test_a_callback_with_nothing_or_nonsense_in_it_is_no_failure_of_ours(client, standin, provider):
    callback = STARTS[provider] + "callback/" + ("finish/" if provider == "apple" else "")
    for query in ("", "?code=1", "?state=", "?code=1&state=nobodys", "?error=access_denied", "?code=%0a&state=%ff"):
        answer = client.get(callback + query)
        assert 400 <= answer.status_code < 500
    assert user_of(client) is None


# What an address can make us do.

SCOPES = {
    "wordpress": "auth",
    "facebook": "email",
    "google": "openid profile email",
    "apple": "name email",
    "x": "users.read tweet.read",
    "github": "user:email",
    "microsoft": "User.Read",
    "oidc": "openid profile email",
}
PARAMETERS = {"client_id", "redirect_uri", "scope", "response_type", "state"}
WITH_CHALLENGE = {"google", "x", "github", "microsoft", "oidc"}
EVIL = {"scope": "evil", "auth_params": "prompt=none&evil=1", "action": "reauthenticate", "process": "redirect"}


@pytest.mark.parametrize("form", [None, EVIL], ids=["in the address", "in the form"])
@pytest.mark.parametrize("provider", ALL)
def test_only_what_is_configured_is_asked_for(client, standin, provider, form):
    address = start(client, provider, **({} if form else EVIL), form=form)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    extra = {"code_challenge", "code_challenge_method"} if provider in WITH_CHALLENGE else set()
    extra |= {"response_mode"} if provider == "apple" else set()
    assert set(asked) == PARAMETERS | extra
    assert set(asked["scope"].split()) == set(SCOPES[provider].split())
    assert asked["client_id"] == f"{provider}-client"
    assert address.startswith(standin.url)
    assert urlsplit(asked["redirect_uri"])[:2] == ("http", "testserver")
    come_back(client, consent(address))
    assert user_of(client)


@pytest.mark.parametrize(
    ("provider", "target"),
    crossed("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"),
)
def test_nobody_is_sent_elsewhere(client, standin, provider, target):
    assert sign_in(client, provider, next=target)["Location"] == "/"
    client.post("/accounts/logout/")
    standin.case = Case(deny=True)
    ended = sign_in(client, provider, next=f"{target}?sign_in=").get("Location", "")
    assert urlsplit(ended).netloc == ""
    assert "evil" not in ended


@pytest.mark.parametrize("provider", some(7))
def test_looking_at_the_start_starts_nothing(client, standin, provider):
    answer = client.get(STARTS[provider] + "?next=/x/&process=connect")

    assert answer.status_code == 200
    assert standin.requests == []
    assert "sessionid" not in client.cookies or "socialaccount_states" not in client.session


@pytest.mark.parametrize("provider", some(8))
def test_a_start_from_another_site_starts_nothing(standin, provider):
    client = Client(enforce_csrf_checks=True)

    answer = client.post(STARTS[provider] + "?next=/x/", headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert standin.requests == []


@pytest.mark.parametrize("provider", sorted(WITH_CHALLENGE))
def test_a_code_is_worth_nothing_without_what_the_trip_began_with(client, standin, provider):
    address = start(client, provider)
    challenge = parse_qs(urlsplit(address).query)["code_challenge"][0]

    answer = come_back(client, consent(address.replace(challenge, challenge[::-1])))

    assert is_refusal(answer, client)


def configured(settings, provider, /, **values):
    """Settings as they are, but for these values of one provider."""
    name = STARTS[provider].split("/")[2].replace("oidc", "openid_connect")
    ours = settings.SOCIALACCOUNT_PROVIDERS[name]
    return settings.SOCIALACCOUNT_PROVIDERS | {name: ours | {"APPS": [ours["APPS"][0] | values]}}


@pytest.mark.parametrize("provider", ALL)
def test_a_wrong_secret_is_no_failure_of_ours(client, standin, settings, provider):
    settings.SOCIALACCOUNT_PROVIDERS = configured(settings, provider, secret="wrong")

    assert is_refusal(sign_in(client, provider), client)


def test_apple_gets_a_secret_signed_with_the_teams_key(client, standin, settings):
    key = ec.generate_private_key(ec.SECP256R1())
    kind = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()
    there = {"certificate_key": pem, "server_url": standin.url}
    settings.SOCIALACCOUNT_PROVIDERS = configured(
        settings, "apple", key="apple-team", secret="apple-key", settings=there
    )
    standin.case = Case(client_key=key.public_key())

    sign_in(client, "apple")

    assert identity_of(client).uid == "4711"


@pytest.mark.parametrize(
    "claims",
    [(("aud", "another-client"),), (("iss", "https://evil.example"),), (("exp", 1_600_000_000),)],
    ids=["for another site", "of another server", "expired"],
)
@pytest.mark.parametrize("provider", ["google", "apple", "oidc"])
def test_a_statement_that_is_not_for_us_opens_nothing(client, standin, provider, claims):
    standin.case = Case(claims=claims)

    assert is_refusal(sign_in(client, provider), client)


@pytest.mark.parametrize("algorithm", ["RS256", "HS256", "none"])
def test_a_statement_signed_by_somebody_else_opens_nothing(client, standin, algorithm):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = {"RS256": other, "HS256": "k" * 32, "none": None}[algorithm]
    claims = {"sub": "1", "aud": "apple-client", "iss": "https://appleid.apple.com", "exp": 4_000_000_000}
    standin.case = Case(id_token=False)
    home = consent(start(client, "apple"))
    home.form["id_token"] = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "stand-in"})

    assert is_refusal(come_back(client, home), client)


@pytest.mark.parametrize("provider", ["google", "facebook"])
def test_a_token_from_elsewhere_opens_nothing(client, standin, provider):
    client.raise_request_exception = False
    client.cookies["g_csrf_token"] = "t"
    forged = jwt.encode({"sub": "4711", "aud": "google-client", "iss": standin.url}, "k" * 32, algorithm="HS256")

    answer = client.post(
        f"/accounts/{provider}/login/token/", {"credential": forged, "access_token": forged, "g_csrf_token": "t"}
    )

    assert 400 <= answer.status_code < 500
    assert user_of(client) is None


@pytest.mark.parametrize("provider", ALL)
def test_keys_and_tokens_are_not_kept(client, standin, provider):
    sign_in(client, provider)

    kept = repr(list(SocialAccount.objects.values())) + repr(dict(client.session.items()))
    tokens = [seen.headers.get("authorization", "").split()[-1:] for seen in standin.requests]
    assert not any(token[0] in kept for token in tokens if token)
    assert "access_token" not in kept
    assert "secret" not in kept


# Connecting.


def confirm_password(client):
    """Say the password once more, as connecting demands."""
    assert client.post("/accounts/reauthenticate/?next=/x/", {"password": "secret"}).status_code == 302


@pytest.mark.parametrize("provider", some(9))
def test_a_visitor_connects_nothing(client, standin, provider):
    answer = sign_in(client, provider, process="connect")

    assert answer.status_code in {302, 401}
    assert user_of(client) is None
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("provider", some(10))
def test_connecting_needs_the_password_once_more(client, standin, provider):
    user = make_user("grace")
    client.post("/accounts/login/", {"login": "grace", "password": "secret"})

    answer = client.post(f"{STARTS[provider]}?process=connect&next=/x/")

    assert urlsplit(answer["Location"]).path == "/accounts/reauthenticate/"
    client.post(answer["Location"], {"password": "wrong"})
    assert client.post(f"{STARTS[provider]}?process=connect")["Location"].startswith("/accounts/reauthenticate/")
    client.post(answer["Location"], {"password": "secret"})
    sign_in(client, provider, process="connect")
    assert SocialAccount.objects.get().user == user
    assert user_of(client) == str(user.pk)


@pytest.mark.parametrize("provider", some(11))
def test_after_connecting_both_ways_lead_into_one_account(client, standin, provider):
    user = make_user("grace")
    addresses = list(EmailAddress.objects.values())
    client.post("/accounts/login/", {"login": "grace", "password": "secret"})
    confirm_password(client)

    answer = sign_in(client, provider, process="connect")

    assert answer["Location"] == "/x/"
    assert SocialAccount.objects.get().user == user
    assert list(EmailAddress.objects.values()) == addresses
    other = Client()
    sign_in(other, provider)
    assert user_of(other) == str(user.pk)


def with_both(provider):
    """Somebody with an account from a provider alone, a comment under it, and another account with a password."""
    alone = Client()
    sign_in(alone, provider)
    theirs = User.objects.get()
    comment = make_comment(make_article(), user=theirs)
    comment.identity = CommenterIdentity.objects.get(provider=provider)
    comment.save(update_fields=["identity"])
    return alone, theirs, make_user("grace"), comment


@pytest.mark.parametrize("provider", some(12))
def test_a_bare_account_of_a_provider_comes_along_when_it_is_connected(client, standin, provider):
    alone, theirs, mine, comment = with_both(provider)
    client.post("/accounts/login/", {"login": "grace", "password": "secret"})
    confirm_password(client)

    answer = sign_in(client, provider, process="connect")

    assert answer["Location"] == "/x/"
    assert user_of(client) == str(mine.pk)
    assert SocialAccount.objects.get().user == mine
    identity = CommenterIdentity.objects.get(provider=provider)
    assert identity.user == mine
    comment.refresh_from_db()
    assert comment.identity == identity
    theirs.refresh_from_db()
    assert not theirs.is_active
    assert EmailAddress.objects.filter(user=mine, primary=True).get().email == "grace@example.org"
    assert not EmailAddress.objects.filter(user=theirs).exists()
    assert alone.get("/accounts/3rdparty/").status_code == 302  # Nobody is signed in to what is left.
    again = Client()
    sign_in(again, provider)
    assert user_of(again) == str(mine.pk)


@pytest.mark.parametrize("provider", ["google", "x"])
def test_connecting_asks_for_the_password_before_the_trip_begins(client, standin, provider):
    _, theirs, mine, _ = with_both(provider)
    client.post("/accounts/login/", {"login": "grace", "password": "secret"})

    asked = client.post(f"{STARTS[provider]}?process=connect&next=/x/")
    assert asked.status_code == 302
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    assert SocialAccount.objects.get().user == theirs
    again = client.post(asked["Location"], {"password": "secret"})
    assert client.get(again["Location"]).status_code == 200
    sign_in(client, provider, process="connect")

    assert SocialAccount.objects.get().user == mine
    assert CommenterIdentity.objects.get(provider=provider).user == mine


def test_a_bare_account_comes_along_with_an_address_that_was_unproven_here(client, standin):
    _, _, mine, _ = with_both("google")
    EmailAddress.objects.create(user=mine, email="grace@id.example", verified=False, primary=False)
    client.post("/accounts/login/", {"login": "grace", "password": "secret"})
    confirm_password(client)

    sign_in(client, "google", process="connect")

    assert SocialAccount.objects.get().user == mine
    assert EmailAddress.objects.get(email="grace@id.example").user == mine


@pytest.mark.parametrize("gift", ["password", "staff", "second provider"])
def test_an_account_that_is_more_than_a_providers_does_not_come_along(client, standin, gift):
    _, theirs, _, _ = with_both("github")
    if gift == "password":
        theirs.set_password("other")
    theirs.is_staff = gift == "staff"
    theirs.save()
    if gift == "second provider":
        SocialAccount.objects.create(user=theirs, provider="google", uid="1")
    client.post("/accounts/login/", {"login": "grace", "password": "secret"})
    confirm_password(client)

    answer = sign_in(client, "github", process="connect")

    assert answer.status_code == 302
    assert SocialAccount.objects.get(provider="github").user == theirs
    theirs.refresh_from_db()
    assert theirs.is_active


def test_signing_in_with_another_provider_changes_who_one_is_and_connects_nothing(client, standin):
    make_user("grace")
    client.post("/accounts/login/", {"login": "grace", "password": "secret"})

    sign_in(client, "github")

    assert SocialAccount.objects.get().user.username != "grace"
    assert user_of(client) == str(SocialAccount.objects.get().user_id)


# A server that somebody else wrote.


@pytest.mark.parametrize(
    ("claims", "name", "email", "verified"),
    [
        ({"name": "Ada Lovelace", "email": "ada@id.example", "email_verified": True}, "Ada Lovelace", True, True),
        ({"name": "Ada Lovelace", "email": "ada@id.example", "email_verified": False}, "Ada Lovelace", True, False),
        ({"name": "Ada Lovelace", "email": "ada@id.example", "email_verified": "true"}, "Ada Lovelace", True, False),
        ({"name": "Ada Lovelace", "email": "ada@id.example"}, "Ada Lovelace", True, False),
        ({"name": "Ada Lovelace"}, "Ada Lovelace", False, False),
        ({"name": None, "preferred_username": "ada"}, "ada", False, False),
        ({"name": "<b>Ada</b>\u202e Lovelace"}, "<b>Ada</b> Lovelace", False, False),
        (None, "", False, False),
    ],
    ids=["verified", "unverified", "a word", "not said", "no address", "no name", "markup", "refused"],
)
def test_an_independent_server_signs_somebody_in(client, settings, claims, name, email, verified):
    from authlib.deprecate import AuthlibDeprecationWarning

    # Authlib turns its own on when it is imported, after any mark on this test.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="authlib|oidc_provider_mock")
    from oidc_provider_mock import User as Person
    from oidc_provider_mock import run_server_in_thread

    with run_server_in_thread(user_claims=[Person(sub="1815", claims=claims or {})]) as server:
        there = {"server_url": f"http://localhost:{server.server_port}"}
        settings.SOCIALACCOUNT_PROVIDERS = configured(settings, "oidc", settings=there)
        address = start(client, "oidc", next=OUTCOME)
        assert address.startswith(there["server_url"])

        pressed = {"action": "deny"} if claims is None else {"sub": "1815"}
        home = requests.post(address, data=pressed, allow_redirects=False, timeout=10).headers["Location"]
        answer = client.get(home.removeprefix("http://testserver"))

    if claims is None:  # This server forgets whose trip it was when somebody says no, so it is nobody's.
        assert answer.status_code == 401
        assert user_of(client) is None
        return
    assert answer["Location"] == OUTCOME
    identity = identity_of(client)
    assert (identity.provider, identity.uid, identity.display_name) == ("oidc", "1815", name)
    assert (identity.email, identity.email_verified) == ("ada@id.example" if email else "", verified)


@pytest.mark.parametrize("provider", some(13))
def test_a_return_that_cannot_be_read_is_no_failure_of_ours(client, provider):
    path = STARTS[provider] + "callback/"
    answer = client.generic("POST", path, b"x", "multipart/form-data; boundary=\xff")

    assert 400 <= answer.status_code < 500
