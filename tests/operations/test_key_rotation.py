"""Rotating the keys that encrypt what is secret in the database: all of it, at once, and it is said what is left."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command

from comments.models import ChatHook
from comments.notifications import chat
from newsreader.accounts import kept_answers
from newsreader.accounts.models import KeptAnswer
from newsreader.accounts.session_store import SessionStore
from newsreader.kit import field_keys
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from newsreader.operations import key_rotation
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]
OLD, NEW = "old-key-" * 5, "new-key-" * 5
PLACES = [place.name for place in key_rotation.PLACES]


@pytest.fixture
def session(settings: Any) -> str:
    """Something secret in each place, under the old key. Returns the key of a session."""
    settings.FIELD_KEYS = [OLD]
    Authenticator.objects.create(user=make_user(), type="totp", data={"secret": field_keys.encrypt("JBSWY3DP")})
    sealed = {name: field_keys.encrypt("https://chat.example/1") for name in ("sealed_address", "sealed_secret")}
    ChatHook.objects.create(name="Desk", host="chat.example", **sealed)
    Letter.objects.create(name="login_code", address="ada@example.org", secret=outbox.secretly(code="ABCD"))
    body = json.dumps({kept_answers.SEALED: field_keys.encrypt(json.dumps({"secret": "s"}))})
    KeptAnswer.objects.create(person="hash", key="1", body=body)
    store = SessionStore()
    store["confirming"] = {"code": "EFGH"}
    store["open"] = 1
    store.save()
    return str(store.session_key)


def rotate(capsys: Any, *options: str) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    try:
        call_command("rotate_keys", *options)
        code = 0
    except CommandError as refusal:
        code = refusal.returncode
    return code, capsys.readouterr().out


def test_everything_is_encrypted_anew_and_the_old_key_can_go(capsys, settings, session):
    settings.FIELD_KEYS = [NEW, OLD]

    code, said = rotate(capsys)

    assert code == 0
    assert [line for line in said.splitlines() if ": 1 encrypted with the newest key, 0 left" in line] == [
        f"{name}: 1 encrypted with the newest key, 0 left under others" for name in PLACES
    ]
    settings.FIELD_KEYS = [NEW]
    assert field_keys.decrypt(Authenticator.objects.get().data["secret"]) == "JBSWY3DP"
    assert chat.secret_of(ChatHook.objects.get()) == "https://chat.example/1"
    assert outbox.told_secretly(Letter.objects.get()) == {"code": "ABCD"}
    assert field_keys.decrypt(json.loads(KeptAnswer.objects.get().body)[kept_answers.SEALED]) == '{"secret": "s"}'
    assert SessionStore(session).load() == {"confirming": {"code": "EFGH"}, "open": 1}


def test_once_more_does_nothing(capsys, settings, session):
    settings.FIELD_KEYS = [NEW, OLD]
    rotate(capsys)

    code, said = rotate(capsys)

    assert code == 0
    assert said.count(": 0 encrypted with the newest key, 0 left") == len(PLACES)


def test_with_dry_run_it_only_says_what_needs_an_older_key(capsys, settings, session):
    settings.FIELD_KEYS = [NEW, OLD]
    before = list(Session.objects.values_list("session_data", flat=True))

    code, said = rotate(capsys, "--dry-run")

    assert code == 1
    assert said.count(": 0 encrypted with the newest key, 1 left") == len(PLACES)
    assert list(Session.objects.values_list("session_data", flat=True)) == before


def test_what_no_key_reads_is_left_and_said(capsys, settings, session):
    """A session loses it and goes on: whoever waits for a code asks for another one."""
    settings.FIELD_KEYS = [NEW]

    code, said = rotate(capsys)

    assert code == 1
    assert said.count(": 0 encrypted with the newest key, 1 left") == len(PLACES) - 1
    settings.FIELD_KEYS = [NEW, OLD]
    assert rotate(capsys)[0] == 0


def test_the_worker_does_the_same_but_for_sessions(settings, session):
    settings.FIELD_KEYS = [NEW, OLD]

    key_rotation.renew_secrets()

    assert [place.name for place in key_rotation.PLACES if place.left()] == ["sessions"]


def test_an_empty_site_is_done(capsys):
    assert rotate(capsys)[0] == 0
