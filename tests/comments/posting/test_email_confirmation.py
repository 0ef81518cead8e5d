"""Asking a guest to confirm their address: once, not too many from one network, and what is forgotten again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail

from comments.models import EmailConfirmation
from comments.moderation.decisions import withdraw
from comments.posting import email_confirmation
from comments.posting.submission import post_comment
from newsreader.mailing.models import Letter
from tests.factories import make_article, make_draft, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
START = "2026-11-01T12:00:00Z"


@pytest.fixture
def article():
    set_rules(flood_seconds=0, mail_moderators=False)
    return make_article()


def asked_for(article, **values) -> bool:
    """Whether a comment of a guest has a mail sent to their address."""
    before = Letter.objects.filter(name="comment_confirm").count()
    post_comment(make_draft(article, **{"email": "ada@example.org"} | values))
    return Letter.objects.filter(name="comment_confirm").count() > before


def test_an_address_is_asked_once_whatever_its_case(article):
    assert asked_for(article)
    assert not asked_for(article)
    assert not asked_for(article, email="ADA@example.org")
    assert asked_for(article, email="bob@example.org")
    assert [letter.to for letter in mail.outbox] == [["ada@example.org"], ["bob@example.org"]]


@pytest.mark.parametrize(("seconds", "again"), [(0, False), (1, True)])
def test_after_thirty_days_it_is_asked_again_by_another_link(article, time_machine, seconds, again):
    time_machine.move_to(START, tick=False)
    assert asked_for(article)
    first = EmailConfirmation.objects.get()

    time_machine.shift(dt.timedelta(days=30, seconds=seconds))

    assert asked_for(article) == again
    assert (EmailConfirmation.objects.get().token != first.token) == again


@pytest.mark.ci_both
@pytest.mark.parametrize(("seconds", "forgotten"), [(0, 0), (1, 1)])
def test_what_nobody_has_confirmed_for_thirty_days_is_forgotten(article, time_machine, seconds, forgotten):
    time_machine.move_to(START, tick=False)
    assert asked_for(article)
    assert asked_for(article, email="bob@example.org")
    EmailConfirmation.objects.filter(address=email_confirmation.address_key("bob@example.org")).update(
        confirmed_at=dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    )

    time_machine.shift(dt.timedelta(days=30, seconds=seconds))

    assert email_confirmation.old().delete()[0] == forgotten
    assert EmailConfirmation.objects.count() == 2 - forgotten


def test_from_one_network_five_are_asked_in_a_day(article, time_machine):
    time_machine.move_to(START, tick=False)
    here = "198.51.100.7"

    assert [asked_for(article, email=f"a{n}@example.org", address=here) for n in range(6)] == [True] * 5 + [False]
    assert asked_for(article, email="elsewhere@example.org", address="203.0.113.9")
    time_machine.shift(dt.timedelta(days=1))
    assert asked_for(article, email="later@example.org", address=here)


def not_sent_yet(**values):
    """As before the worker came to it, who comes at once in tests."""
    Letter.objects.filter(name="comment_confirm").update(**{"sent_at": None, "attempts": 0} | values)


@pytest.mark.ci_both
def test_with_a_comment_that_is_withdrawn_before_its_mail_went_out_the_question_is_forgotten(article):
    comment = post_comment(make_draft(article, email="ada@example.org"))
    not_sent_yet()

    withdraw(comment.pk, by=None)

    assert not Letter.objects.exists()
    assert not EmailConfirmation.objects.exists()
    assert asked_for(article)


@pytest.mark.ci_both
@pytest.mark.parametrize("values", [{"attempts": 1}, {"sent_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC)}])
def test_nobody_has_a_second_mail_by_withdrawing_fast(article, values):
    comment = post_comment(make_draft(article, email="ada@example.org"))
    not_sent_yet(**values)

    withdraw(comment.pk, by=None)

    assert EmailConfirmation.objects.exists()
    assert not asked_for(article)
