"""Secrets of second factors: encrypted in the database, read with older keys, renewed so that those can go."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client
from django.utils import timezone

from comments.models import AuditEntry
from newsreader.accounts import factor_secrets
from tests.accounts.test_second_factor import app_code, set_up_an_app, sign_in
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]

OLD, NEW = "old-key-" * 5, "new-key-" * 5
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def stored() -> str:
    return json.dumps(list(Authenticator.objects.values_list("data", flat=True)))


def has_signed_in(client: Client, user: Any, code: str) -> bool:
    client.post("/accounts/logout/")
    sign_in(client, user)
    answer = client.post("/accounts/2fa/authenticate/", {"code": code})
    assert answer.status_code < 500
    return "_auth_user_id" in client.session


@pytest.fixture
def plain() -> Any:
    """Somebody whose app and recovery codes were set up before secrets were encrypted."""
    reader = make_user()
    Authenticator.objects.create(user=reader, type="totp", data={"secret": SECRET})
    Authenticator.objects.create(user=reader, type="recovery_codes", data={"seed": "5eed" * 20, "used_mask": 0})
    return reader


def test_a_new_secret_is_encrypted_and_works(client, settings):
    settings.FIELD_KEYS = [OLD]
    reader = make_user()
    sign_in(client, reader)
    secret = set_up_an_app(client)

    assert secret not in stored()
    assert stored().count(factor_secrets.ENCRYPTED) == 2  # the recovery codes' seed, too
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):  # Each code works once.
        assert has_signed_in(client, reader, app_code(secret))


def test_a_plain_secret_works_until_it_is_encrypted_and_afterwards(client, settings, plain):
    settings.FIELD_KEYS = [OLD]
    assert has_signed_in(client, plain, app_code(SECRET))
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    entries = AuditEntry.objects.count()

    assert factor_secrets.renew() == 2

    assert SECRET not in stored()
    assert "5eed" not in stored()
    assert AuditEntry.objects.count() == entries
    assert Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes() == codes
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):
        assert has_signed_in(client, plain, app_code(SECRET))
    assert factor_secrets.renew() == 0


def test_a_key_can_be_retired_after_everything_was_renewed(client, settings, plain):
    settings.FIELD_KEYS = [OLD]
    factor_secrets.renew()
    settings.FIELD_KEYS = [NEW, OLD]

    assert factor_secrets.renew() == 2

    settings.FIELD_KEYS = [NEW]
    assert has_signed_in(client, plain, app_code(SECRET))


def test_a_secret_whose_key_is_lost_is_refused_in_words_and_stays(client, settings, plain):
    settings.FIELD_KEYS = [OLD]
    factor_secrets.renew()
    before = stored()
    settings.FIELD_KEYS = [NEW]

    sign_in(client, plain)
    refused = client.post("/accounts/2fa/authenticate/", {"code": app_code(SECRET)})

    assert (refused.status_code, 'data-code="second_factor_unreadable"' in refused.text) == (409, True)
    assert "_auth_user_id" not in client.session
    assert factor_secrets.renew() == 0
    assert stored() == before
    settings.FIELD_KEYS = [NEW, OLD]
    assert has_signed_in(client, plain, app_code(SECRET))


def test_an_app_gets_the_refusal_too(client, settings, plain):
    settings.FIELD_KEYS = [OLD]
    factor_secrets.renew()
    settings.FIELD_KEYS = [NEW]
    opened = client.post(
        "/_allauth/app/v1/auth/login", {"username": plain.username, "password": "secret"}, "application/json"
    )
    token = {"X-Session-Token": opened.json()["meta"]["session_token"]}

    refused = Client().post(
        "/_allauth/app/v1/auth/2fa/authenticate", {"code": app_code(SECRET)}, "application/json", headers=token
    )

    assert (opened.status_code, refused.status_code) == (401, 409)


def test_provider_tokens_are_not_kept():
    account = SocialAccount.objects.create(user=make_user(), provider="google", uid="1")
    SocialToken.objects.create(account=account, token="at-1", token_secret="rt-1")

    factor_secrets.renew()

    assert not SocialToken.objects.exists()
