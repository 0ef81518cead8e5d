"""Moderators are told of comments that wait as each has chosen: with real mails, counted."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter

import pytest
from django.core import mail
from django.db import connection

from comments.models import ChatMessage, Comment, ModeratorMail, WaitingNotice
from comments.moderation.decisions import decide
from comments.notifications import send_digests, tell_moderators
from comments.notifications.choices import choose
from comments.posting.submission import post_comment
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_editor,
    make_moderator,
    make_section,
    make_user,
    set_rules,
)

pytestmark = pytest.mark.django_db
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def morning(time_machine):
    time_machine.move_to("2026-11-29T09:00:00Z", tick=False)
    set_rules(mail_confirmations=False, flood_seconds=0, flood_burst=100, surge_control=False)
    return time_machine


def wait(clock, span):
    """Let time pass, with the worker doing now and then what is due."""
    step = min(span, 20 * MINUTE)
    for _ in range(int(span / step)):
        clock.shift(step)
        send_digests()
        send_due.call()


def mails(user):
    return [message for message in mail.outbox if message.to == [user.email]]


def test_thirty_four_waiting_comments_are_as_many_mails_as_each_has_chosen(morning):
    people = {name: make_moderator(name=name) for name in ("nothing chosen", "hourly", "daily", "none", "quiet")}
    for name in ("hourly", "daily", "none"):
        choose(people[name], when=name)
    choose(people["quiet"], when="at_once", quiet_from=8, quiet_until=18)
    article = make_article()

    for _ in range(34):
        post_comment(make_draft(article))
        wait(morning, MINUTE)
    wait(morning, dt.timedelta(days=1))

    found = {name: Counter(row.subject.split(" ")[0] for row in mails(user)) for name, user in people.items()}
    assert found == {
        "nothing chosen": {"New": 6, "28": 1},
        "hourly": {"34": 1},
        "daily": {"34": 1},
        "none": {},
        "quiet": {"34": 1},
    }
    assert not WaitingNotice.objects.exists()
    (digest,) = [row for row in mails(people["nothing chosen"]) if row.subject.startswith("28")]
    assert "With earlier ones there are 34 in all." in digest.body
    assert digest.body.count(article.headline) == 1
    assert "/moderation/link/" not in digest.body  # Anything about more than one comment asks to sign in.
    assert "/moderation/link/" in mails(people["nothing chosen"])[0].body


def test_what_was_decided_meanwhile_is_left_out_and_a_digest_of_nothing_is_not_sent(morning):
    hourly, noor = make_moderator(name="Mia"), make_moderator(name="Noor")
    choose(hourly, when="hourly")
    choose(noor, when="none")
    first, second = make_comment(status="pending", asked=True), make_comment(status="pending", asked=True)
    decide(first.pk, "approved", by=noor)
    wait(morning, HOUR)

    (digest,) = mails(hourly)
    assert digest.subject == "1 new comment to review"
    assert second.article.headline in digest.body
    assert first.article.headline not in digest.body

    third = make_comment(status="pending", asked=True)
    decide(third.pk, "spam", by=noor)
    wait(morning, HOUR)
    assert len(mails(hourly)) == 1  # The second waits still, but has been told of.


def test_a_digest_is_grouped_by_article_and_leads_to_the_desk(morning):
    mia = make_moderator()
    choose(mia, when="hourly")
    ferry, council = make_article(headline="Ferry"), make_article(headline="Council")
    for article, text in ((ferry, "One"), (council, "Two"), (ferry, "Three words & <more>")):
        post_comment(make_draft(article, text=text))
    wait(morning, HOUR)

    (digest,) = mails(mia)
    places = [digest.body.index(text) for text in ("“Ferry”", "One", "Three words & <more>", "“Council”", "Two")]
    assert places == sorted(places)
    for comment in Comment.objects.all():
        assert f"http://testserver/admin/moderation/{comment.pk}/\n" in digest.body
    assert "http://testserver/admin/moderation/mails/" in digest.body


def test_who_chose_sections_hears_of_no_others(morning):
    town, sport = make_section("Town"), make_section("Sport")
    everything, mia = make_moderator(), make_moderator()
    choose(mia, when="at_once", sections=[town])
    for section in (town, sport, None):
        make_comment(make_article(section=section), status="pending", asked=True)

    assert len(mails(mia)) == 1
    assert len(mails(everything)) == 3


def test_the_article_s_author_hears_of_a_held_comment_only_if_he_may_moderate_and_once_per_address():
    writer, outsider = make_user(group="Authors", language="en"), make_user(is_staff=False)
    article = make_article(authors=[make_author(user=writer), make_author(user=outsider)])
    editor = make_editor()
    editor.groups.add(*make_moderator(is_active=False).groups.all())

    make_comment(article, status="pending", asked=True)

    assert sorted(to for message in mail.outbox for to in message.to) == sorted([editor.email, writer.email])


def test_with_the_setting_off_nobody_is_mailed_neither_at_once_nor_what_was_gathered(morning):
    at_once, hourly = make_moderator(), make_moderator()
    choose(hourly, when="hourly")
    make_comment(status="pending", asked=True)
    assert len(mails(at_once)) == 1
    set_rules(mail_moderators=False)

    make_comment(status="pending", asked=True)
    wait(morning, 2 * HOUR)

    assert len(mails(at_once)) == 1
    assert mails(hourly) == []
    assert not ModeratorMail.objects.exclude(gathered_until=None).exists()


def test_a_new_choice_holds_for_what_is_gathered_already(morning):
    mia = make_moderator()
    choose(mia, when="daily")
    make_comment(status="pending", asked=True)
    choose(mia, when="hourly")
    wait(morning, HOUR)
    assert len(mails(mia)) == 1

    make_comment(status="pending", asked=True)
    choose(mia, when="none")
    wait(morning, dt.timedelta(days=2))
    assert len(mails(mia)) == 1


def test_a_post_writes_a_notice_and_a_worker_that_comes_back_finds_it(morning, monkeypatch):
    mia = make_moderator()
    monkeypatch.setattr(type(tell_moderators), "enqueue", lambda self, *args: None)
    comment = post_comment(make_draft())
    gone = post_comment(make_draft())
    assert WaitingNotice.objects.count() == 2
    assert mails(mia) == []
    decide(gone.pk, "spam", by=make_editor())

    assert tell_moderators.call() == 2
    send_due.call()

    assert [row.about_id for row in Letter.objects.filter(address=mia.email)] == [comment.decisions.get().pk]
    assert tell_moderators.call() == 0
    assert not ChatMessage.objects.exists()


def test_a_published_or_a_spam_comment_leaves_no_notice():
    set_rules(hold_first_comment=False)

    post_comment(make_draft())

    assert not WaitingNotice.objects.exists()


def test_two_workers_tell_of_each_comment_once_and_keep_to_the_limit(transactional_db, monkeypatch):
    mia = make_moderator()
    monkeypatch.setattr(type(tell_moderators), "enqueue", lambda self, *args: None)
    article = make_article()
    for _ in range(30):
        post_comment(make_draft(article))
    told, together = [], threading.Barrier(3)

    def work() -> None:
        together.wait(10)
        try:
            told.append(tell_moderators.call())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert sum(told) == 30
    assert Letter.objects.filter(name="comment_waiting").count() == 6
    assert ModeratorMail.objects.get(user=mia).gathered_from
    assert not WaitingNotice.objects.exists()
