"""Putting mails into the outbox, sending, trying again and giving up."""

from __future__ import annotations

import datetime as dt
import smtplib
from itertools import pairwise
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from prometheus_client import REGISTRY

from comments.models import AuditEntry, Comment
from newsreader.kit import field_keys
from newsreader.mailing import letter, outbox, suppression
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from newsreader.operations import site_gauges
from tests.factories import make_comment, make_moderator, make_user, set_rules

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def unknown(address: str = "ada@example.org", **values: Any) -> Letter:
    """A letter that needs nothing but itself."""
    return Letter(name="account_unknown", about="account", address=address, **values)


@pytest.fixture
def refusing(monkeypatch):
    """A mail server that accepts nothing, until this is called."""

    def refused(message, name):
        raise smtplib.SMTPServerDisconnected("away")

    with monkeypatch.context() as away:
        away.setattr(letter, "hand_over", refused)
        yield away.undo


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("newsreader_mails_total", {"letter": "account_unknown", "outcome": outcome}) or 0.0


def test_a_second_mail_about_one_event_to_one_address_is_left_out():
    comment = make_comment(status="pending")
    decision = comment.decisions.first()

    for _ in range(2):
        for address in ("a@example.org", "b@example.org"):
            row = Letter(name="comment_waiting", about="decision", about_id=decision.pk, address=address)
            outbox.enqueue([row])

    assert sorted(message.to[0] for message in mail.outbox) == ["a@example.org", "b@example.org"]


def test_a_mail_is_gone_with_the_transaction_of_its_cause(transactional_db):
    with transaction.atomic():
        outbox.enqueue([unknown(due_at=timezone.now() + HOUR)])
        transaction.set_rollback(True)

    assert not Letter.objects.exists()


def test_a_mail_is_tried_for_two_days_ever_less_often_and_then_kept_as_given_up(refusing, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    began, tries = timezone.now(), []
    outbox.enqueue([unknown()])
    row = Letter.objects.get()
    while row.given_up_at is None:
        tries.append(timezone.now() - began)
        time_machine.move_to(row.due_at, tick=False)
        send_due.call()
        row.refresh_from_db()

    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (dt.timedelta(minutes=2), outbox.LONGEST_PAUSE)
    assert outbox.TRIED_FOR - outbox.LONGEST_PAUSE <= tries[-1] <= outbox.TRIED_FOR
    assert (row.attempts, row.failure) == (len(tries), "SMTPServerDisconnected")
    assert site_gauges._values()["outbox_given_up"] == 1
    assert counted("given_up") > 0


@pytest.mark.parametrize(("code", "hours"), [(550, 1), (450, 48)])
def test_an_address_that_is_refused_for_good_is_given_up_sooner_than_one_that_is_put_off(
    monkeypatch, time_machine, code, hours
):
    def refused(message, name):
        raise smtplib.SMTPRecipientsRefused({"ada@example.org": (code, b"no")})

    monkeypatch.setattr(letter, "hand_over", refused)
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    began = timezone.now()
    outbox.enqueue([unknown()])
    row = Letter.objects.get()
    while row.given_up_at is None:
        time_machine.move_to(row.due_at, tick=False)
        send_due.call()
        row.refresh_from_db()

    assert hours * HOUR <= row.given_up_at - began < (hours + 5) * HOUR


def test_a_worker_that_was_away_for_days_gives_nothing_up_at_the_first_failure(refusing):
    outbox.enqueue([unknown(created_at=timezone.now() - 3 * outbox.TRIED_FOR)])

    assert Letter.objects.get().given_up_at is None


def test_a_code_is_tried_again_within_its_life_and_not_sent_after_it(refusing, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    end = timezone.now() + dt.timedelta(minutes=3)
    outbox.enqueue([unknown(ends_at=end, secret=outbox.secretly(code="ABCD-EFGH"))])
    row = Letter.objects.get()
    tries = 1
    while row.due_at < end:
        time_machine.move_to(row.due_at, tick=False)
        send_due.call()
        row.refresh_from_db()
        tries += 1
    assert tries >= 3
    assert outbox.told_secretly(row) == {"code": "ABCD-EFGH"}

    refusing()
    time_machine.move_to(end + dt.timedelta(minutes=10), tick=False)
    send_due.call()

    row.refresh_from_db()
    assert (mail.outbox, row.secret, row.given_up_at) == ([], "", timezone.now())


def test_what_has_an_end_goes_before_all_else_that_is_due(refusing):
    for number in range(25):
        outbox.enqueue([unknown(f"{number}@example.org", created_at=timezone.now() - HOUR)])
    outbox.enqueue([unknown("code@example.org", ends_at=timezone.now() + HOUR)])
    Letter.objects.exclude(ends_at=None).update(attempts=0, due_at=timezone.now() - outbox.FIRST)
    Letter.objects.filter(ends_at=None).update(attempts=0, due_at=timezone.now() - HOUR)
    refusing()

    send_due.call()

    assert len(mail.outbox) == 26
    assert mail.outbox[0].to == ["code@example.org"]


def test_a_mail_for_later_waits_though_it_has_an_end():
    later = timezone.now() + HOUR

    outbox.enqueue([unknown(due_at=later, ends_at=later + HOUR)])

    assert mail.outbox == []
    assert Letter.objects.get().due_at == later


def test_a_room_that_cannot_write_one_of_its_letters_holds_up_no_other(caplog):
    outbox.enqueue(
        [unknown(), Letter(name="account_changed", about="account", address="b@example.org"), unknown("c@example.org")]
    )

    assert [message.to[0] for message in mail.outbox] == ["ada@example.org", "c@example.org"]
    assert Letter.objects.get(sent_at=None).failure == "KeyError"


def test_a_letter_that_nobody_knows_fails_as_others_do(caplog):
    outbox.enqueue([Letter(name="of_tomorrow", address="a@example.org"), unknown()])

    assert len(mail.outbox) == 1
    assert Letter.objects.get(name="of_tomorrow").attempts == 1


def test_a_secret_that_was_encrypted_with_a_lost_key_fails_and_says_so(settings, caplog):
    with transaction.atomic():
        row = unknown(secret=outbox.secretly(code="x"))
    settings.SECRET_KEY = "another" * 9
    outbox.enqueue([row])

    assert Letter.objects.get().failure == "Unreadable"


def test_an_address_that_gets_no_mail_gets_none_and_is_no_alarm():
    suppression.suppress("ada@example.org", suppression.Reason.BOUNCED)

    outbox.enqueue([unknown(secret=field_keys.encrypt({})), unknown("b@example.org")])

    assert [message.to for message in mail.outbox] == [["b@example.org"]]
    row = Letter.objects.get(sent_at=None)
    assert (row.failure, row.secret, row.given_up_at is None) == (outbox.SUPPRESSED, "", False)
    assert site_gauges._values()["outbox_given_up"] == 0


@pytest.mark.parametrize("status", ["approved", "spam", "trash"])
def test_a_mail_about_a_comment_that_waits_no_more_is_not_sent(status, refusing, time_machine):
    set_rules(mail_confirmations=False)
    make_moderator()
    comment = make_comment(status="pending", asked=True)
    assert Letter.objects.get().attempts == 1
    Comment.objects.filter(pk=comment.pk).update(status=status)
    refusing()
    Letter.objects.update(due_at=timezone.now())

    send_due.call()

    assert (mail.outbox, Letter.objects.get().failure) == ([], outbox.OUTDATED)
    assert site_gauges._values()["outbox_given_up"] == 0


@pytest.mark.parametrize("status", ["pending", "spam", "trash"])
def test_a_mail_that_a_comment_is_published_is_not_sent_once_it_is_not(status):
    comment = make_comment(status="approved", user=make_user())
    decision = comment.decisions.last()
    Comment.objects.filter(pk=comment.pk).update(status=status)
    row = Letter(name="comment_published", about="decision", about_id=decision.pk, address="a@example.org")

    outbox.enqueue([row])

    assert mail.outbox == []


def test_what_a_mail_is_about_may_be_gone():
    rows = [("comment_waiting", "decision"), ("comment_report_settled", "report"), ("comment_handed_over", "comment")]
    rows += [("article_held_up", "article"), ("article_sent", "note"), ("invitation", "invitation")]

    outbox.enqueue([Letter(name=name, about=about, about_id=987_654, address="a@example.org") for name, about in rows])

    assert mail.outbox == []
    assert set(Letter.objects.values_list("failure", flat=True)) == {outbox.OUTDATED}


def given_up(**values: Any) -> Letter:
    at = timezone.now()
    more = {"attempts": 18, "created_at": at - outbox.TRIED_FOR, "failure": "SMTPServerDisconnected"} | values
    row = unknown(given_up_at=at, **more)
    row.save()
    return row


def test_a_mail_that_was_given_up_is_sent_again_on_record():
    row, boss = given_up(), make_user(is_superuser=True)

    outbox.send_again(row.pk, by=boss)

    row.refresh_from_db()
    assert len(mail.outbox) == 1
    assert (row.given_up_at, row.failure, row.sent_at is None) == (None, "", False)
    entry = AuditEntry.objects.get(kind="mail_sent_again")
    assert (entry.subject, entry.by_account, entry.facts) == (f"mail:{row.pk}", boss.pk, {"mail": "account_unknown"})


def test_only_what_was_given_up_and_is_still_of_use_can_be_sent_again():
    boss, expired, outdated = make_user(), given_up(ends_at=timezone.now()), given_up(failure=outbox.OUTDATED)
    waits = unknown(due_at=timezone.now() + HOUR)
    waits.save()

    for row, refusal in ((expired, outbox.MailExpired), (outdated, outbox.NotGivenUp), (waits, outbox.NotGivenUp)):
        with pytest.raises(refusal):
            outbox.send_again(row.pk, by=boss)

    assert mail.outbox == []
    assert not AuditEntry.objects.filter(kind="mail_sent_again").exists()


def test_unsent_mails_about_a_thing_are_dropped_and_those_on_their_way_stay():
    later = timezone.now() + HOUR
    rows = [
        Letter(name=name, about="note", about_id=pk, address="a@example.org", due_at=later, attempts=attempts)
        for name, pk, attempts in [("a", 1, 0), ("b", 1, 0), ("c", 1, 1), ("a", 2, 0)]
    ]
    Letter.objects.bulk_create(rows)

    assert outbox.drop("note", [1], ["a"]) == 1
    assert outbox.drop("note", [1]) == 1
    assert set(Letter.objects.values_list("name", "about_id")) == {("c", 1), ("a", 2)}
    assert outbox.drop("note", [1], tried=True) == 1
    assert outbox.forget("note", [2]) == 1
