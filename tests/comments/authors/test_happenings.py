"""What happened to one's comments since one last looked: nobody else's, nothing about spam, until a button says so."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone

from comments.authors.happenings import note_look, since_last_look
from comments.desk.teamwork import pick
from comments.models import LastLook
from comments.moderation.decisions import decide
from comments.posting.submission import post_comment
from tests.factories import make_article, make_draft, make_moderator, make_user, set_rules

pytestmark = pytest.mark.django_db
PAGE = "/accounts/comments/"


@pytest.fixture
def user():
    set_rules(flood_seconds=0, hold_first_comment=False, mail_moderators=False, mail_confirmations=False)
    return make_user()


def kinds(user) -> list[str]:
    return [each.kind for each in since_last_look(user)]


def leave(user, **values):
    return post_comment(make_draft(values.pop("article", None) or make_article(), user=user, **values))


def test_answers_decisions_and_picks_are_listed_newest_first(user, time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    moderator = make_moderator()
    mine, refused = leave(user), leave(user)
    answer = make_draft(mine.article, parent=str(mine.pk), name="Bob")
    for step in (
        lambda: post_comment(answer),
        lambda: leave(user, article=mine.article, parent=str(mine.pk)),  # one's own answer
        lambda: pick(mine.pk, on=True, by=moderator),
        lambda: decide(refused.pk, "trash", by=moderator, reason="off_topic"),
    ):
        time_machine.shift(dt.timedelta(minutes=1))
        step()

    assert kinds(user) == ["refused", "picked", "reply"]
    assert since_last_look(user)[0].url == refused.status_url
    assert kinds(make_user()) == []


def test_an_answer_that_waited_is_news_when_it_is_shown(user, time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    mine = leave(user)
    set_rules(hold_everything=True)
    answer = post_comment(make_draft(mine.article, parent=str(mine.pk)))
    note_look(user)
    time_machine.shift(dt.timedelta(hours=1))
    moderator = make_moderator()
    decide(answer.pk, "approved", by=moderator)
    assert kinds(user) == ["reply"]
    note_look(user)
    time_machine.shift(dt.timedelta(hours=1))
    decide(answer.pk, "pending", by=moderator)
    decide(answer.pk, "approved", by=moderator)
    assert kinds(user) == []  # The same answer is no news again.


@pytest.mark.parametrize("status", ["spam", "pending"])
def test_nobody_is_told_about_spam_nor_of_what_is_not_so_any_more(user, status):
    mine, moderator = leave(user), make_moderator()
    decide(mine.pk, "trash", by=moderator, reason="off_topic")
    assert kinds(user) == ["refused"]
    decide(mine.pk, status, by=moderator)
    assert kinds(user) == []


def test_the_page_shows_it_until_its_button_is_pressed(client, user):
    mine = leave(user)
    decide(mine.pk, "trash", by=make_moderator(), reason="off_topic")
    client.force_login(user)
    for _ in range(2):  # Reading changes nothing.
        page = client.get(PAGE)
        assert 'data-happened="refused"' in page.text
    assert page["Cache-Control"] == "private, no-store"
    assert not LastLook.objects.exists()

    until = re.search(r'name="until" value="([^"]+)"', page.text)[1]
    assert client.post(f"{PAGE}seen/", {"until": until}).status_code == 303
    assert "data-happened" not in client.get(PAGE).text


def test_what_happens_while_the_page_is_open_is_still_news(client, user):
    client.force_login(user)
    until = timezone.now().isoformat()
    decide(leave(user).pk, "trash", by=make_moderator(), reason="off_topic")
    client.post(f"{PAGE}seen/", {"until": until})

    assert kinds(user) == ["refused"]


@pytest.mark.parametrize("until", ["", "x", "2026-13-45", "2999-01-01T00:00:00+00:00", "2026-11-01T00:00:00", "\0"])
def test_any_other_time_is_now(client, user, until):
    client.force_login(user)
    assert client.post(f"{PAGE}seen/", {"until": until}).status_code == 303
    assert timezone.now() - LastLook.objects.get().at < dt.timedelta(minutes=1)
    assert client.get(f"{PAGE}seen/").status_code == 405


def test_a_stranger_is_led_to_sign_in(client):
    assert client.post(f"{PAGE}seen/").status_code == 302
