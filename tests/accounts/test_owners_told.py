"""Owners get a mail about each change to their account, and about a sign-in by a way that nobody has used before."""

import datetime as dt
import json
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from newsreader.accounts.letters import NEW_WAYS
from newsreader.accounts.models import KnownWay, User
from newsreader.accounts.sign_in_ways import NAMED
from tests import standin as providers
from tests.accounts.test_second_factor import confirm, make_passkey, set_up_an_app, sign_in
from tests.factories import make_article, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")


@pytest.fixture
def ann():
    return make_user("ann")


@pytest.fixture
def browser(client, ann):
    """Ann’s, who has just signed in and given her password once more."""
    sign_in(client, ann)
    confirm(client)
    mail.outbox.clear()
    return client


def told(to="ann@example.org"):
    return [message.subject for message in mail.outbox if message.to == [to]]


# --- Each change --------------------------------------------------------------------------------------------------


def test_of_a_new_password(browser):
    browser.post(
        "/accounts/password/change/",
        {"oldpassword": "secret", "password1": "Oystercatchers", "password2": "Oystercatchers"},
    )

    assert told() == ["Your password was changed."]
    assert "/accounts/sessions/" in mail.outbox[0].body


@pytest.mark.ci_both
def test_of_a_first_password(client, ann):
    ann.set_unusable_password()
    ann.save()
    client.post("/accounts/login/code/", {"email": ann.email})
    client.post("/accounts/login/code/confirm/", {"code": CODE.search(mail.outbox[-1].body)[0]})
    mail.outbox.clear()

    answer = client.post("/accounts/password/set/", {"password1": "Oystercatchers", "password2": "Oystercatchers"})

    assert answer.status_code == 302
    assert told() == ["A password was set for your account."]


@pytest.mark.ci_both
def test_of_a_password_that_was_reset(client, ann):
    client.post("/accounts/password/reset/", {"email": ann.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    page = client.get(link, follow=True).redirect_chain[-1][0]
    mail.outbox.clear()

    client.post(page, {"password1": "Oystercatchers", "password2": "Oystercatchers"})

    assert told() == ["Your password was reset."]


def test_of_a_new_address_at_the_old_one(browser, ann):
    browser.post("/accounts/email/", {"action_add": "", "email": "anna@example.org"})
    code = CODE.search(mail.outbox[-1].body)[0]
    mail.outbox.clear()
    browser.post("/accounts/confirm-email/", {"code": code})

    assert EmailAddress.objects.get(email="anna@example.org").verified
    assert told() == ["An email address was added to your account and confirmed."]
    mail.outbox.clear()
    browser.post("/accounts/email/", {"action_primary": "", "email": "anna@example.org"})
    assert told() == ["The main email address of your account was changed."]
    mail.outbox.clear()
    browser.post("/accounts/email/", {"action_remove": "", "email": "ann@example.org"})
    assert not EmailAddress.objects.filter(email="ann@example.org").exists()
    assert told("anna@example.org") == told() == ["An email address was removed from your account."]


@pytest.mark.django_db(transaction=True)  # The library tells after the commit.
def test_of_an_app_and_of_recovery_codes(browser):
    set_up_an_app(browser)
    assert "An authenticator app was set up for your account." in told()
    mail.outbox.clear()

    browser.post("/accounts/2fa/recovery-codes/generate/")
    assert told() == ["New recovery codes were made for your account."]
    mail.outbox.clear()

    browser.post("/accounts/2fa/totp/deactivate/")
    assert "The authenticator app was removed from your account." in told()


def test_of_a_passkey_that_is_removed(browser, ann):
    passkey = make_passkey(ann)

    browser.post(f"/accounts/2fa/webauthn/keys/{passkey.pk}/remove/")

    assert told() == ["A passkey was removed from your account."]


@pytest.mark.ci_both
def test_nobody_is_told_of_the_address_with_which_they_sign_up(client):
    typed = {"email": "new@example.org", "username": "newcomer", "password1": "Oystercatchers"}
    client.post("/accounts/signup/", typed)
    client.post("/accounts/confirm-email/", {"code": CODE.search(mail.outbox[-1].body)[0]})

    assert len(told("new@example.org")) == 1  # the code


def test_of_a_connected_account(browser, standin):
    providers.sign_in(browser, "github", process="connect")
    assert told() == ["Another account was connected to yours."]
    mail.outbox.clear()

    browser.post("/accounts/3rdparty/", {"account": SocialAccount.objects.get().pk})
    assert told() == ["A connected account was removed from yours."]


# --- What those who run the site change ---------------------------------------------------------------------------


@pytest.fixture
def admin(settings):
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def test_of_a_password_that_staff_has_set(admin, ann):
    typed = {"password1": "Oystercatchers", "password2": "Oystercatchers", "usable_password": "true"}
    assert admin.post(f"/admin/accounts/user/{ann.pk}/password/", typed).status_code == 302

    assert told() == ["Somebody who runs the site changed the password of your account."]
    assert "browser" not in mail.outbox[0].body  # It would be that of whoever did it.


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("make", "address", "subject"),
    [
        (lambda ann: ann.emailaddress_set.get(), "account/emailaddress", "the email addresses of your account"),
        (lambda ann: make_passkey(ann), "mfa/authenticator", "the second factors of your account"),
        (
            lambda ann: SocialAccount.objects.create(user=ann, provider="github", uid="1"),
            "socialaccount/socialaccount",
            "the accounts that are connected to yours",
        ),
    ],
)
def test_of_what_staff_has_deleted(admin, ann, make, address, subject):
    row = make(ann)

    assert admin.post(f"/admin/{address}/{row.pk}/delete/", {"post": "yes"}).status_code == 302

    assert not type(row).objects.filter(pk=row.pk).exists()
    assert told() == [f"Somebody who runs the site changed {subject}."]


def test_nobody_is_told_of_a_new_name(admin, ann):
    typed = {"username": "ann", "name": "Ann", "email": ann.email, "is_active": "on"}
    typed |= {"date_joined_0": "2026-11-01", "date_joined_1": "12:00:00"}
    assert admin.post(f"/admin/accounts/user/{ann.pk}/change/", typed).status_code == 302

    assert User.objects.get(pk=ann.pk).name == "Ann"
    assert told() == []


def test_every_mail_about_a_way_has_its_sentence():
    assert {*NEW_WAYS} == {f"new_way_{way}" for way in {*NAMED, "provider"}}


# --- A sign-in by a new way ---------------------------------------------------------------------------------------

NEW = "Somebody signed in to your account with {}, for the first time."


def by_password(client, user):
    sign_in(client, user)


def by_code(client, user):
    cache.clear()
    client.post("/accounts/login/code/", {"email": user.email})
    client.post("/accounts/login/code/confirm/", {"code": CODE.search(mail.outbox[-1].body)[0]})


def by_code_in_the_form(client, user):
    cache.clear()
    article = make_article()
    client.post(f"/articles/{article.pk}/reply/with/email/", {"text": "Tide.", "email": user.email})
    code = CODE.search(mail.outbox[-1].body)[0]
    client.post(f"/articles/{article.pk}/reply/with/code/", {"text": "Tide.", "code": code})


def enter(way, user):
    """Sign in with a browser of its own, and return what its owner is told of it."""
    client = Client()
    mail.outbox.clear()
    way(client, user)
    assert client.session["_auth_user_id"] == str(user.pk)
    return [subject for subject in told(user.email) if "first time" in subject]


@pytest.mark.parametrize("code", [by_code, by_code_in_the_form])
def test_a_way_is_told_once(ann, code):
    assert enter(by_password, ann) == []
    assert enter(code, ann) == [NEW.format("a code from an email")]
    assert enter(code, ann) == []
    assert enter(by_password, ann) == []


def test_a_password_that_somebody_set_meanwhile(ann):
    ann.set_unusable_password()
    ann.save()
    assert enter(by_code, ann) == []
    ann.set_password("secret")
    ann.save()

    assert enter(by_password, ann) == [NEW.format("your password")]


def test_a_provider(ann, standin, browser):
    providers.sign_in(browser, "github", process="connect")

    found = enter(lambda client, user: providers.sign_in(client, "github"), ann)

    assert found == ["Somebody signed in to your account through a connected account, for the first time."]
    (message,) = mail.outbox
    assert "It is an account at GitHub." in message.body
    assert enter(lambda client, user: providers.sign_in(client, "github"), ann) == []


def test_a_recovery_code_and_no_app(ann, browser):
    set_up_an_app(browser)
    codes = Authenticator.objects.get(user=ann, type="recovery_codes").wrap().get_unused_codes()

    def with_recovery(client, user):
        sign_in(client, user)
        client.post("/accounts/2fa/authenticate/", {"code": codes.pop()})

    assert enter(with_recovery, ann) == [NEW.format("a recovery code")]
    assert enter(with_recovery, ann) == []


@pytest.mark.ci_both
def test_nobody_is_told_of_their_own_sign_up(client, standin):
    typed = {"email": "new@example.org", "username": "newcomer", "password1": "Oystercatchers"}
    client.post("/accounts/signup/", typed)
    client.post("/accounts/confirm-email/", {"code": CODE.search(mail.outbox[-1].body)[0]})
    assert "_auth_user_id" in client.session
    providers.sign_in(Client(), "github")
    mail.outbox.clear()
    by_code_in_the_form(Client(), User(email="another@example.org"))

    assert [message for message in mail.outbox if "first time" in message.subject] == []


def test_after_a_sign_up_with_a_password_a_code_is_new(client):
    typed = {"email": "new@example.org", "username": "newcomer", "password1": "Oystercatchers"}
    client.post("/accounts/signup/", typed)
    client.post("/accounts/confirm-email/", {"code": CODE.search(mail.outbox[-1].body)[0]})

    user = User.objects.get(username="newcomer")
    assert enter(by_code, user) == [NEW.format("a code from an email")]


@pytest.mark.ci_both
def test_of_an_older_account_nobody_knows_which_ways_are_new(ann):
    User.objects.filter(pk=ann.pk).update(date_joined=timezone.now() - dt.timedelta(days=300))

    assert enter(by_code, ann) == []
    assert set(KnownWay.objects.values_list("way", flat=True)) == {"code", "password"}


def test_an_app_that_signs_in_is_told_too(ann):
    assert enter(by_password, ann) == []
    mail.outbox.clear()
    app = Client()

    def call(path, headers=None, **typed):
        return app.post(
            f"/_allauth/app/v1/auth/{path}", json.dumps(typed), content_type="application/json", headers=headers
        )

    token = call("code/request", email=ann.email).json()["meta"]["session_token"]
    answer = call("code/confirm", {"X-Session-Token": token}, code=CODE.search(mail.outbox[-1].body)[0])

    assert answer.status_code == 200
    assert NEW.format("a code from an email") in told()


def test_a_second_thought_of_the_same_session_is_no_way(browser, ann):
    """Reauthentication is no sign-in."""
    browser.post("/accounts/confirm/", {"action": "send"})

    assert KnownWay.objects.filter(user=ann).count() == 1
