"""Who is mailed about what, and that nobody else is."""

import datetime as dt
from contextlib import suppress

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import OperationalError
from django.utils import timezone

from articles.models.article import Article
from comments.desk import teamwork
from comments.models import AuditEntry, Comment
from comments.moderation.decisions import decide, withdraw
from comments.moderation.erasing import erase
from comments.notifications import queue_held_up
from comments.posting.submission import post_comment
from newsreader.accounts.models import User
from newsreader.kit.errors import Invalid
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import LEASE, TURN, send_due
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_editor,
    make_moderator,
    make_rule,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def forget():
    """Whatever was queued or sent before is not what the test is about."""
    Letter.objects.all().delete()
    mail.outbox.clear()


def sent():
    send_due.call()
    return sorted((message.to[0], message.subject) for message in mail.outbox)


def test_moderators_hear_of_a_comment_that_waits_once_each():
    set_rules(mail_confirmations=False)
    moderator, editor = make_moderator(), make_editor()
    author = make_user(group="Authors")
    stranger = make_user(group="Authors")
    article = make_article(headline="Ferry", authors=[make_author(user=author), make_author(user=stranger)][:1])

    post_comment(make_draft(article, text="What about the *harbour*?"))

    assert [to for to, _ in sent()] == sorted([author.email, editor.email, moderator.email])
    assert {subject for _, subject in sent()} == {"New comment to review: Ferry"}
    assert "What about the *harbour*?" in mail.outbox[0].body
    assert f"http://testserver/admin/comments/comment/{article.comments.get().pk}/change/" in mail.outbox[0].body


@pytest.mark.ci_both
def test_what_is_published_at_once_and_what_is_spam_is_mailed_to_nobody():
    make_moderator()
    set_rules(hold_first_comment=False)
    make_rule("casino", action="spam")

    post_comment(make_draft())
    post_comment(make_draft(text="casino"))

    assert sent() == []


def test_an_author_with_a_verified_address_hears_of_a_decision():
    reader, moderator = make_user(), make_moderator()
    comment = make_comment(user=reader, status="pending")
    forget()

    decide(comment.pk, "approved", by=moderator)
    decide(comment.pk, "trash", by=moderator, reason="off_topic")

    assert [(to, subject.split(":")[0]) for to, subject in sent()] == [
        (reader.email, "Your comment is published"),
        (reader.email, "Your comment was not published"),
    ]


@pytest.mark.parametrize("status", ["spam", "approved"])
def test_a_guest_and_an_unverified_address_are_mailed_nothing(status):
    unverified = make_comment(user=make_user(verified=False), status="pending")
    guest = make_comment(status="pending")
    forget()

    for comment in (unverified, guest):
        decide(comment.pk, status, by=make_moderator(), reason="spam")

    assert sent() == []


def test_nobody_is_mailed_about_spam_nor_about_their_own_decision():
    moderator = make_moderator()
    theirs = make_comment(user=make_user(), status="pending")
    own = make_comment(user=moderator, status="pending")
    forget()

    decide(theirs.pk, "spam", by=moderator, reason="spam")
    decide(theirs.pk, "trash", by=moderator, reason="spam")
    decide(own.pk, "approved", by=moderator)

    assert sent() == []


@pytest.mark.parametrize("spoken", ["en", "de"])
def test_a_mail_speaks_its_readers_language_and_comes_from_us(settings, spoken):
    settings.LANGUAGES = [("en", "English"), (spoken, "German")]
    set_rules(mail_confirmations=False)
    make_moderator(language="de")
    post_comment(make_draft(name='Eve" <evil@example.org>\nBcc: x@example.org'))
    sent()

    message = mail.outbox[0]
    assert Letter.objects.get().language == "de"
    assert f'<html lang="{spoken}"' in message.alternatives[0].content
    assert message.from_email == "Newsreader <newsroom@testserver>"
    assert message.to == message.recipients()
    assert "\n" not in message.subject


def test_a_database_that_breaks_before_a_mail_leaves_costs_it_no_attempt(monkeypatch):
    set_rules(mail_confirmations=False)
    make_moderator()
    from newsreader.mailing import letter as letters

    def broken(*args, **kwargs):
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(letters, "written", broken)
        post_comment(make_draft())
        with pytest.raises(OperationalError):
            send_due.call()
    delivery = Letter.objects.get()
    assert (delivery.attempts, delivery.failure, delivery.sent_at) == (0, "", None)

    send_due.call()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("step", ["written", "hand_over"])
def test_a_mail_is_sent_once_and_tried_again_when_it_fails(monkeypatch, time_machine, step):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    set_rules(mail_confirmations=False)
    make_moderator()
    from newsreader.mailing import letter as letters

    def broken(*args, **kwargs):
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(letters, step, broken)
        post_comment(make_draft())
        send_due.call()
    assert not mail.outbox
    delivery = Letter.objects.get()
    assert (delivery.failure, delivery.attempts) == ("ConnectionError", 1)

    send_due.call()
    assert not mail.outbox  # Not yet due again.
    time_machine.shift(130)
    send_due.call()
    send_due.call()
    assert len(mail.outbox) == 1
    assert Letter.objects.get().sent_at


def test_a_mail_whose_worker_is_killed_is_sent_when_its_claim_has_run_out_and_has_kept_its_name(
    monkeypatch, time_machine
):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    set_rules(mail_confirmations=False)
    make_moderator()

    def killed(self, **values):
        send(self, **values)
        raise SystemExit  # Between the mail server's answer and our record: as a signal, nobody catches it.

    with monkeypatch.context() as patched:
        send = EmailMultiAlternatives.send
        patched.setattr(EmailMultiAlternatives, "send", killed)
        with suppress(SystemExit):
            post_comment(make_draft())  # Runs the task at once.
    assert Letter.objects.get().sent_at is None
    send_due.call()
    assert len(mail.outbox) == 1  # Its claim holds: who sent it may still be at it.

    time_machine.shift(LEASE)
    send_due.call()
    send_due.call()

    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert first.body == second.body
    assert Letter.objects.get().sent_at


def several_waiting(number):
    """So many mails to one moderator."""
    set_rules(mail_confirmations=False)
    make_moderator()
    for _ in range(number):
        post_comment(make_draft(text=f"Comment {timezone.now()}"))
    Letter.objects.update(sent_at=None, attempts=0, due_at=timezone.now())
    mail.outbox.clear()


def test_each_mail_costs_four_statements_and_they_are_read_together(django_assert_num_queries):
    several_waiting(3)

    with django_assert_num_queries(4 + 3 * 4):  # The fourth asks which addresses get no mail.
        assert send_due.call() == 3
    assert len(mail.outbox) == 3


@pytest.mark.ci_both
def test_a_mail_that_was_taken_back_while_others_went_out_is_not_sent(monkeypatch):
    several_waiting(3)
    from newsreader.mailing import letter as letters

    def hand_over(message, letter):
        given(message, letter)
        Letter.objects.filter(sent_at=None, attempts=0).delete()

    given = letters.hand_over
    monkeypatch.setattr(letters, "hand_over", hand_over)

    assert send_due.call() == 1
    assert len(mail.outbox) == 1


def test_a_claim_outlasts_the_slowest_mail_server(settings):
    steps = 12  # of SMTP, from the greeting to the answer to the text, with TLS and a password

    assert LEASE.total_seconds() > TURN + steps * settings.EMAIL_TIMEOUT


# --- Handing over -------------------------------------------------------------------------------------------------


def make_handed(**values) -> tuple[Comment, User]:
    """A comment that waits under an article, and its author, who may decide about it."""
    author = make_user(group="Authors", **values)
    comment = make_comment(make_article(headline="Ferry", authors=[make_author(user=author)]), status="pending")
    forget()
    return comment, author


def not_sent_yet():
    """As before the worker came to it, who comes at once in tests."""
    Letter.objects.update(sent_at=None, attempts=0, due_at=timezone.now())
    mail.outbox.clear()


@pytest.mark.ci_both
def test_whom_a_comment_is_handed_to_hears_of_it_once_with_the_way_to_the_desk():
    comment, author = make_handed()
    moderator = make_moderator()

    teamwork.hand_to(comment.pk, author, by=moderator)
    teamwork.hand_to(comment.pk, author, by=moderator)

    assert sent() == [(author.email, "A comment was handed to you: Ferry")]
    assert f"http://testserver/admin/moderation/{comment.pk}/" in mail.outbox[0].body
    assert comment.body in mail.outbox[0].body
    teamwork.hand_to(comment.pk, None, by=moderator)
    teamwork.hand_to(comment.pk, author, by=moderator)
    assert len(sent()) == 2
    assert AuditEntry.objects.filter(kind="handed_over").count() == 3


@pytest.mark.parametrize("values", [{"verified": False}, {"is_staff": False}])
def test_whom_the_desk_cannot_reach_is_mailed_nothing(values):
    comment, author = make_handed(**values)

    teamwork.hand_to(comment.pk, author, by=make_moderator())

    assert sent() == []
    assert not Letter.objects.exists()


@pytest.mark.ci_both
def test_who_takes_a_comment_is_mailed_nothing():
    comment, author = make_handed()

    teamwork.hand_to(comment.pk, author, by=author)

    assert sent() == []


@pytest.mark.ci_both
def test_a_mail_about_a_comment_in_other_hands_by_then_does_not_go_out():
    comment, author = make_handed()
    moderator, colleague = make_moderator(), make_moderator()
    teamwork.hand_to(comment.pk, author, by=moderator)
    not_sent_yet()
    teamwork.hand_to(comment.pk, colleague, by=moderator)

    assert [to for to, _ in sent()] == [colleague.email]


@pytest.mark.parametrize("way", ["withdrawn", "erased"])
def test_a_mail_about_a_comment_that_is_gone_does_not_go_out(way):
    comment, author = make_handed()
    moderator = make_moderator()
    teamwork.hand_to(comment.pk, author, by=moderator)
    not_sent_yet()

    if way == "withdrawn":
        withdraw(comment.pk, by=None)
    else:
        erase(comment.pk, by=moderator)

    assert sent() == []


def test_a_mail_that_has_gone_out_stays_on_record_whatever_becomes_of_the_comment():
    comment, author = make_handed()
    moderator = make_moderator()
    teamwork.hand_to(comment.pk, author, by=moderator)
    assert sent()
    gone_out = Letter.objects.get()

    teamwork.hand_to(comment.pk, moderator, by=moderator)
    withdraw(comment.pk, by=None)

    assert Letter.objects.get() == gone_out


def test_a_refused_handing_over_mails_nobody():
    comment, _author = make_handed()

    with pytest.raises(Invalid):
        teamwork.hand_to(comment.pk, make_user(group="Authors"), by=make_moderator())

    assert sent() == []


@pytest.mark.ci_both
def test_editors_hear_once_of_a_scheduled_article_that_cannot_appear():
    editor, _moderator, _unverified = make_editor(), make_moderator(), make_editor(verified=False)
    taken = make_article(slug="weather")
    article = make_article(
        state="scheduled", headline="Weather", scheduled_for=taken.published_at + dt.timedelta(days=9)
    )
    assert queue_held_up() == 0

    Article.objects.filter(pk=article.pk).update(slug="weather", scheduled_for=taken.published_at)
    assert (queue_held_up(), queue_held_up()) == (1, 0)

    assert sent() == [(editor.email, "Not published: Weather")]
    assert "has the same address" in mail.outbox[0].body
    assert f"http://testserver/admin/articles/article/{article.pk}/change/" in mail.outbox[0].body

    # Once it is held up no more, the next time is news again.
    Article.objects.filter(pk=article.pk).update(state="draft")
    assert (queue_held_up(), Letter.objects.count()) == (0, 0)
