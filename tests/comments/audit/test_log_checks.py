"""The worker verifies the audit log, and says so loudly when it does not verify."""

import datetime as dt
import smtplib

import pytest
from django.db import connection
from django.utils import timezone

from comments.audit import audit_log, log_checks
from comments.audit.audit_log import START
from comments.models import AuditEntry, Decision, LogCheck
from comments.moderation.decisions import decide
from comments.notifications import verify_and_tell
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from newsreader.operations.schedule import JOBS
from tests.factories import make_comment, make_editor, make_moderator, make_user

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def written(count=3):
    for number in range(count):
        audit_log.note("rule_added", f"rule:{number}", facts={"action": "hold"})
    audit_log.seal()


def tamper(sql, *values):
    """Change rows as somebody does who has the database and not the site."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount == 1


def codes():
    return [fault.code for fault in log_checks.state().faults]


def test_what_is_new_is_verified_with_the_next_run_and_all_of_it_once_a_day(time_machine, monkeypatch):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    assert verify_and_tell in [job for _, job in JOBS]
    assert log_checks.state() == log_checks.State()
    written(3)
    first = log_checks.go_on()
    assert (first.is_intact, first.number, first.whole_at) == (True, 3, first.at)

    written(2)
    assert log_checks.go_on().number == 5
    tamper("UPDATE comments_auditentry SET subject = 'rule:9' WHERE number = %s", 2)
    assert log_checks.go_on().is_intact  # Only what is new is looked at.
    time_machine.shift(DAY)
    monkeypatch.setattr(log_checks, "STEP", 2)
    monkeypatch.setattr(log_checks, "TURN", 0.0)
    monkeypatch.setattr(log_checks.time, "monotonic", iter([0.0, -1.0, 1.0] * 9).__next__)
    log_checks.go_on()  # One step of two entries: no run takes long.

    assert [(fault.code, fault.number) for fault in log_checks.state().faults] == [("changed", 2)]
    assert log_checks.state().number == 5
    assert LogCheck.objects.count() == 2


@pytest.mark.parametrize(
    ("sql", "value", "code"),
    [
        ("UPDATE comments_auditentry SET kind = 'ban' WHERE number = %s", 3, "changed"),
        ("DELETE FROM comments_auditentry WHERE number = %s", 3, "missing"),
        ("DELETE FROM comments_auditentry WHERE number = %s", 4, "cut_off"),
        ("UPDATE comments_decision SET after = 'spam' WHERE number = %s", 2, "decision_differs"),
    ],
)
def test_whatever_is_changed_behind_it_is_found_within_a_day(sql, value, code, time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    decide(make_comment(status="pending").pk, "approved", by=make_moderator())
    AuditEntry.objects.exclude(kind="decision").delete()
    written(2)
    assert (log_checks.go_on().number, codes()) == (4, [])

    tamper(sql, value)
    time_machine.shift(DAY)
    log_checks.go_on()

    assert codes() == [code]


def test_a_chain_that_was_written_anew_is_not_the_one_that_was_verified(time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    written(3)
    log_checks.go_on()
    AuditEntry.objects.filter(number=1).update(facts={"action": "ban"})
    AuditEntry.objects.update(number=None, hash="")
    audit_log.seal()

    log_checks.go_on()
    assert codes() == ["other_chain"]


def test_those_who_run_the_site_are_told_once_and_see_it_on_the_desk(client, mailoutbox, caplog, time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    editor, boss = make_editor(), make_user("boss", is_staff=True, is_superuser=True)
    moderator, author = make_moderator(), make_user(group="Authors")
    written(3)
    verify_and_tell()
    assert (mailoutbox, caplog.text) == ([], "")
    tamper("UPDATE comments_auditentry SET hash = %s WHERE number = 2", START)
    LogCheck.objects.all().delete()

    for _ in range(3):
        verify_and_tell()
        time_machine.shift(DAY)

    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([editor.email, boss.email])
    assert "Entry 2" in mailoutbox[0].body
    assert caplog.text.count("The audit log does not verify: entry 2") == 3  # once a day
    for user, sees in ((editor, True), (boss, True), (moderator, True), (author, False)):
        client.force_login(user)
        assert ('data-alarm="audit-log"' in client.get("/admin/moderation/").text) == sees

    AuditEntry.objects.update(number=None, hash="")
    LogCheck.objects.all().delete()
    audit_log.seal()
    verify_and_tell()
    assert log_checks.state().is_intact


def test_an_alarm_ends_with_a_whole_check_that_finds_nothing_and_the_next_one_is_told_again(mailoutbox, time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    make_editor()
    comment = make_comment(status="spam")
    before = Decision.objects.get(comment=comment, number=2).source

    for source, mails in (("x", 1), (before, 1), ("y", 2)):
        Decision.objects.filter(comment=comment, number=2).update(source=source)
        verify_and_tell()
        assert len(mailoutbox) == mails
        time_machine.shift(DAY)


def test_who_could_not_be_told_is_told_when_mail_goes_again(mailoutbox, monkeypatch, caplog):
    make_editor()
    written(1)
    AuditEntry.objects.update(kind="ban")

    def refused(*args, **values):
        raise smtplib.SMTPServerDisconnected("away")

    with monkeypatch.context() as away:
        away.setattr("newsreader.mailing.letter.hand_over", refused)
        verify_and_tell()
    assert mailoutbox == []
    Letter.objects.update(due_at=timezone.now())
    send_due.func()

    assert len(mailoutbox) == 1


def test_two_workers_at_once_verify_once(monkeypatch):
    written(4)
    step = log_checks._step

    def slow(check):
        found = step(check)
        monkeypatch.setattr(log_checks, "_step", step)
        log_checks.go_on()  # The other worker, meanwhile.
        return found

    monkeypatch.setattr(log_checks, "_step", slow)

    assert log_checks.go_on().number > 0
    assert LogCheck.objects.count() == 1
    assert codes() == []
