"""Authors hear of comments that appear under their articles: not of their own, nor of what they approved themselves."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from comments.models import AuthorMail
from comments.moderation.decisions import decide
from comments.notifications import tell_authors
from comments.notifications.authors import LAG
from comments.notifications.choices import choose
from comments.posting.submission import post_comment
from newsreader.mailing.outbox import send_due
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_moderator,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    set_rules(mail_confirmations=False, flood_seconds=0, flood_burst=100, surge_control=False, hold_first_comment=False)
    return time_machine


@pytest.fixture
def writer(noon):
    user = make_user(group="Authors", language="en")
    make_author(user=user)
    choose(user, when="none", published="at_once")
    return user


def told(user, clock):
    clock.shift(LAG + dt.timedelta(seconds=1))
    tell_authors()
    send_due.call()
    return [message.subject for message in mail.outbox if message.to == [user.email]]


def under(user, **values):
    return make_article(authors=[user.author], **values)


def test_a_comment_that_appears_is_told_once(writer, noon):
    article = under(writer, headline="Ferry")
    post_comment(make_draft(article, text="Well said."))

    assert told(writer, noon) == ["New comment on “Ferry”"]
    assert "Well said." in mail.outbox[-1].body
    assert len(told(writer, noon)) == 1
    comment = article.comments.get()
    decide(comment.pk, "trash", by=make_moderator(), reason="abuse")
    decide(comment.pk, "approved", by=make_moderator())
    assert len(told(writer, noon)) == 1


def test_what_waits_is_told_when_a_colleague_has_approved_it(writer, noon):
    set_rules(hold_everything=True)
    comment = make_comment(under(writer), status="pending")
    assert told(writer, noon) == []

    decide(comment.pk, "approved", by=make_moderator())

    assert len(told(writer, noon)) == 1


def test_one_s_own_and_what_one_approved_oneself_is_no_news(writer, noon):
    article = under(writer)
    post_comment(make_draft(article, user=writer))
    set_rules(hold_everything=True)
    held = make_comment(article, status="pending")
    decide(held.pk, "approved", by=writer)

    assert told(writer, noon) == []


def test_spam_and_what_is_gone_by_then_and_what_others_wrote_about_is_no_news(writer, noon):
    article = under(writer)
    make_comment(article, status="spam")
    gone = make_comment(article)
    decide(gone.pk, "trash", by=make_moderator(), reason="abuse")
    make_comment(make_article(authors=[make_author()]))

    assert told(writer, noon) == []


def test_with_the_setting_off_nobody_is_told_and_not_later_either(writer, noon):
    set_rules(mail_authors=False)
    post_comment(make_draft(under(writer)))
    assert told(writer, noon) == []
    noon.shift(2 * HOUR)
    assert told(writer, noon) == []
    set_rules(mail_authors=True)

    assert told(writer, noon) == []


@pytest.mark.ci_both
def test_without_a_choice_an_author_gets_one_mail_a_day(noon):
    user = make_user(group="Authors")
    make_author(user=user)
    told(user, noon)
    article = under(user, headline="Ferry")
    for _ in range(3):
        post_comment(make_draft(article))
    assert told(user, noon) == []

    zone = timezone.get_default_timezone()
    noon.move_to(dt.datetime(2026, 11, 30, 7, 59, tzinfo=zone), tick=False)
    assert told(user, noon) == []
    noon.move_to(dt.datetime(2026, 11, 30, 8, 1, tzinfo=zone), tick=False)
    assert told(user, noon) == ["3 new comments on your articles"]
    assert mail.outbox[-1].body.count("“Ferry”") == 1
    noon.shift(24 * HOUR)
    assert len(told(user, noon)) == 1


def test_more_than_the_limit_in_an_hour_is_gathered(writer, noon):
    article = under(writer)
    for _ in range(9):
        post_comment(make_draft(article))
        noon.shift(dt.timedelta(seconds=1))
    assert len(told(writer, noon)) == 6
    noon.shift(HOUR)

    assert told(writer, noon)[6:] == ["3 new comments on your articles"]


@pytest.mark.ci_both
def test_never_is_never_and_choosing_again_tells_nothing_of_the_time_between(writer, noon):
    choose(writer, when="none", published="none")
    article = under(writer)
    post_comment(make_draft(article))
    assert told(writer, noon) == []
    noon.shift(HOUR)
    choose(writer, when="none", published="at_once")

    assert told(writer, noon) == []
    post_comment(make_draft(article))
    assert len(told(writer, noon)) == 1


@pytest.mark.ci_both
def test_after_a_clock_that_was_set_back_news_is_told(writer, noon):
    article = under(writer)
    told(writer, noon)
    AuthorMail.objects.update(told_until=dt.datetime(2026, 12, 5, tzinfo=dt.UTC))
    told(writer, noon)
    post_comment(make_draft(article))

    assert len(told(writer, noon)) == 1


@pytest.mark.ci_both
def test_an_unverified_address_is_mailed_nothing(noon):
    user = make_user(group="Authors", verified=False)
    make_author(user=user)
    choose(user, when="none", published="at_once")
    post_comment(make_draft(under(user)))

    assert told(user, noon) == []
