"""Those who run the site are told when strangers ask for very many mails: once, for as long as it lasts."""

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from comments.notifications import mail_alarm
from newsreader.mailing.models import AskedLetter, MailSurge
from newsreader.operations import schedule
from tests.factories import make_editor, make_moderator, make_user, set_rules

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    return time_machine


def ask(number):
    AskedLetter.objects.bulk_create(AskedLetter(address=f"{each}", at=timezone.now()) for each in range(number))


def alarms():
    return [message.to[0] for message in mail.outbox if "Very many codes" in message.subject]


def test_editors_are_told_once_in_a_surge(clock):
    editor = make_editor(language="en")
    make_moderator()
    make_user()
    ask(500)
    assert not mail_alarm.watch()
    assert alarms() == []

    ask(1)
    assert mail_alarm.watch()
    assert not mail_alarm.watch()

    assert alarms() == [editor.email]
    assert "501 emails" in mail.outbox[0].body
    assert "500" in mail.outbox[0].body


def test_they_are_told_again_of_the_next_one(clock):
    make_editor()
    ask(501)
    mail_alarm.watch()
    clock.shift(HOUR + dt.timedelta(minutes=1))
    mail_alarm.watch()
    ask(501)
    mail_alarm.watch()

    assert len(alarms()) == 2
    assert list(MailSurge.objects.order_by("pk").values_list("is_over", flat=True)) == [True, False]


def test_going_up_and_down_around_the_limit_is_one_surge(clock):
    make_editor()
    ask(400)
    clock.shift(HOUR / 2)
    ask(101)
    mail_alarm.watch()
    clock.shift(dt.timedelta(minutes=31))
    ask(200)
    mail_alarm.watch()
    ask(300)
    mail_alarm.watch()

    assert len(alarms()) == 1


@pytest.mark.parametrize(("limit", "told"), [(0, 0), (10, 1), (11, 0)])
def test_editors_set_the_limit(clock, limit, told):
    make_editor()
    set_rules(asked_mails_alarm=limit)
    ask(11)
    mail_alarm.watch()

    assert len(alarms()) == told


def test_the_worker_watches():
    assert mail_alarm.watch in {job for _seconds, job in schedule.JOBS}


def test_a_site_with_nobody_to_tell_notes_it_and_goes_on(clock):
    ask(501)

    assert mail_alarm.watch()
    assert MailSurge.objects.get().asked == 501
