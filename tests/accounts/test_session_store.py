"""How a session is read."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.utils import timezone

from newsreader.accounts.session_store import SessionStore

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


@pytest.fixture
def stored():
    session = SessionStore()
    session["colour"] = "green"
    session.save()
    return session.session_key


def test_a_session_holds_what_was_put_into_it(stored, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert SessionStore(stored)["colour"] == "green"


def test_a_session_that_has_ended_or_is_unknown_is_empty_and_loses_its_key(stored):
    Session.objects.update(expire_date=timezone.now() - dt.timedelta(seconds=1))

    for key in (stored, "unknown-to-the-database"):
        session = SessionStore(key)
        assert "colour" not in session
        assert session.session_key is None


def test_what_is_secret_in_a_session_is_not_in_its_row(settings):
    settings.FIELD_KEYS = ["one-" * 10]
    session = SessionStore()
    session["mfa.totp.secret"], session["colour"] = "JBSWY3DPEHPK3PXP", "green"
    session.save()

    row = Session.objects.get(pk=session.session_key)
    plain = signing.loads(row.session_data, salt=session.key_salt, serializer=session.serializer)
    assert "JBSWY3DPEHPK3PXP" not in str(plain)
    assert plain["colour"] == "green"
    again = SessionStore(session.session_key)
    assert (again["mfa.totp.secret"], again["colour"]) == ("JBSWY3DPEHPK3PXP", "green")
    settings.FIELD_KEYS = ["two-" * 10]
    without = SessionStore(session.session_key)
    assert "mfa.totp.secret" not in without
    assert without["colour"] == "green"
