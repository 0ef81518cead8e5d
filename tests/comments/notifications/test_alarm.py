"""Moderators are reminded once when the oldest comment has waited for too long."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail

from comments.models import ModeratorMail
from comments.moderation.decisions import decide
from comments.notifications import sound_alarm
from comments.notifications.choices import choose
from newsreader.mailing.outbox import send_due
from tests.factories import make_article, make_comment, make_moderator, make_section, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    set_rules(alarm_hours=24)
    return time_machine


def reminded(user):
    sound_alarm()
    send_due.call()
    return [message.subject for message in mail.outbox if message.to == [user.email]]


def test_the_reminder_comes_when_the_oldest_has_waited_for_so_long_and_then_once_a_day(noon):
    mia = make_moderator()
    make_comment(status="pending")
    noon.shift(23 * HOUR)
    make_comment(status="pending")
    assert reminded(mia) == []

    noon.shift(HOUR)
    assert reminded(mia) == ["A comment has been waiting for 24 hours"]
    assert "2 comments wait for review." in mail.outbox[-1].body
    noon.shift(23 * HOUR)
    assert len(reminded(mia)) == 1
    noon.shift(HOUR)
    assert reminded(mia)[1:] == ["A comment has been waiting for 48 hours"]


@pytest.mark.ci_both
def test_once_nothing_waits_any_more_the_next_one_is_told_anew(noon):
    mia = make_moderator()
    first = make_comment(status="pending")
    noon.shift(24 * HOUR)
    assert len(reminded(mia)) == 1
    decide(first.pk, "approved", by=mia)
    assert len(reminded(mia)) == 1
    assert ModeratorMail.objects.get(user=mia).alarmed_at is None

    make_comment(status="pending")
    set_rules(alarm_hours=2)
    noon.shift(3 * HOUR)

    assert len(reminded(mia)) == 2


@pytest.mark.ci_both
def test_who_wants_no_mails_who_sleeps_and_who_minds_another_section_are_left_alone(noon):
    town, sport = make_section("Town"), make_section("Sport")
    none, asleep, elsewhere, here = (make_moderator() for _ in range(4))
    choose(none, when="none")
    choose(asleep, when="at_once", quiet_from=11, quiet_until=14)
    choose(elsewhere, when="at_once", sections=[sport])
    choose(here, when="daily", sections=[town])
    make_comment(make_article(section=town), status="pending")
    noon.shift(24 * HOUR)

    assert [len(reminded(user)) for user in (none, asleep, elsewhere, here)] == [0, 0, 0, 1]
    noon.shift(2 * HOUR)
    assert len(reminded(asleep)) == 1


@pytest.mark.parametrize("off", [{"alarm_hours": 0}, {"mail_moderators": False}])
def test_it_can_be_switched_off(noon, off):
    set_rules(**off)
    mia = make_moderator()
    make_comment(status="pending")
    noon.shift(48 * HOUR)

    assert reminded(mia) == []


def test_a_reminder_that_is_out_of_date_is_not_sent(noon, monkeypatch):
    mia = make_moderator()
    comment = make_comment(status="pending")
    noon.shift(24 * HOUR)
    monkeypatch.setattr(type(send_due), "enqueue", lambda self, *args: None)
    assert sound_alarm() == 1
    decide(comment.pk, "approved", by=mia)
    send_due.call()

    assert mail.outbox == []


def test_a_clock_that_was_set_back_puts_off_no_reminder(noon):
    mia = make_moderator()
    make_comment(status="pending")
    noon.shift(30 * HOUR)
    assert len(reminded(mia)) == 1
    noon.shift(-5 * HOUR)

    assert len(reminded(mia)) == 2
