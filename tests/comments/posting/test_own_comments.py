"""Whoever has just posted finds Edit and Withdraw at the comment, for as long as they may."""

from __future__ import annotations

import datetime as dt
from typing import Any

import lxml.html
import pytest
from django.test import Client
from django.urls import reverse

from articles.models.article import Article
from comments.authors.author_edits import edit_comment, withdraw_comment
from comments.errors import EditedTooOften
from comments.models import Comment
from comments.moderation.decisions import decide
from comments.moderation.moderator_edits import revise
from comments.posting.editing_rights import MOST, why_not
from comments.screening import article_settings
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_article, make_ban, make_comment, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
TYPED = {"name": "Ada", "email": "ada@example.org"}


@pytest.fixture(autouse=True)
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def article() -> Article:
    set_rules(flood_seconds=0)
    return make_article(at=NOW - dt.timedelta(hours=1))


def post(client: Client, article: Article, text: str = "A thought.", **typed: str) -> Comment:
    answer = client.post(reverse("reply", args=[article.pk]), TYPED | typed | {"text": text})
    assert answer.status_code == 303
    return Comment.objects.get(body=text)


def member() -> Client:
    client = Client()
    client.force_login(make_user())
    return client


def tools(client: Client, article: Article, page: str = "you") -> dict[int, list[str]]:
    """What this visitor is offered for each of their comments, by the private fragment or the reply form's own page."""
    answer = client.get(reverse(page, args=[article.pk]))
    assert answer["Cache-Control"] == "private, no-store"
    found: dict[int, list[str]] = {}
    for link in lxml.html.fromstring(answer.text).find_class("own-tool"):
        pk = int(link.get("href").split("/")[2])
        assert link.get("href").startswith(Comment.objects.get(pk=pk).status_url)
        found.setdefault(pk, []).append(link.get("data-action"))
    return found


@pytest.mark.parametrize("visitor", [Client, member])
@pytest.mark.parametrize("page", ["you", "reply"])
@pytest.mark.parametrize("waits", [True, False])
def test_whoever_has_just_posted_may_edit_and_withdraw(article, visitor, page, waits):
    set_rules(hold_first_comment=waits)
    client, somebody_else = visitor(), visitor()

    comment = post(client, article)

    assert comment.status == ("pending" if waits else "approved")
    assert tools(client, article, page) == {comment.pk: ["edit", "withdraw"]}
    assert tools(somebody_else, article, page) == {}
    assert tools(client, make_article(), page) == {}


@pytest.mark.parametrize(("minutes", "offered"), [(15, ["edit", "withdraw"]), (5, ["withdraw"]), (0, ["withdraw"])])
def test_how_long_is_a_setting(article, time_machine, minutes, offered):
    set_rules(hold_first_comment=False, edit_minutes=minutes)
    client = Client()
    comment = post(client, article)
    time_machine.shift(dt.timedelta(minutes=5))

    edited = client.post(comment.status_url, {"action": "edit", "text": "Another."})

    assert tools(client, article)[comment.pk] == offered
    assert edited.status_code == (303 if "edit" in offered else 403)
    if "edit" not in offered:
        assert 'data-code="editing_over"' in edited.text


def test_at_the_end_it_is_over_everywhere(article, time_machine):
    set_rules(hold_first_comment=False)
    client = Client()
    comment = post(client, article)
    time_machine.shift(dt.timedelta(minutes=15))

    assert tools(client, article) == {comment.pk: ["withdraw"]}
    assert 'data-action="edit"' not in client.get(comment.status_url).text
    assert client.post(comment.status_url, {"action": "edit", "text": "Late."}).status_code == 403


def closed(comment: Comment) -> None:
    Article.objects.filter(pk=comment.article_id).update(comments_close_at=NOW)


def changed_too_often(comment: Comment) -> None:
    for number in range(MOST):
        comment.rewrite(f"{number}", f"<p>{number}</p>", edited_at=NOW)


def banned(comment: Comment) -> None:
    make_ban(email="ada@example.org")


@pytest.mark.parametrize("obstacle", [closed, changed_too_often, banned])
def test_what_forbids_editing_offers_none(article, time_machine, obstacle):
    set_rules(hold_first_comment=False)
    client = Client()
    comment = post(client, article)
    time_machine.shift(dt.timedelta(seconds=1))

    obstacle(comment)

    assert tools(client, article, "you") == {comment.pk: ["withdraw"]}


def test_of_an_imported_comment_that_only_moderators_have_changed_each_change_counts(article):
    user = make_user()
    comment = make_comment(article, user=user)
    Comment.objects.filter(pk=comment.pk).update(channel=Comment.Channel.IMPORT)
    moderator = make_moderator()
    for number in range(MOST):
        revise(comment.pk, f"Text {number}", by=moderator)

    with pytest.raises(EditedTooOften):
        edit_comment(comment.pk, "One more", by=user)
    rules = article_settings.settings_under(article, set_rules())
    assert why_not(Comment.objects.get(pk=comment.pk), rules)


@pytest.mark.parametrize("gone", [
    lambda comment: withdraw_comment(comment.pk, token=comment.status_token),
    lambda comment: decide(comment.pk, "trash", by=make_moderator(), reason="off_topic"),
])  # fmt: skip
def test_what_is_gone_is_not_offered(article, gone):
    client = Client()
    comment = post(client, article)

    gone(comment)

    assert tools(client, article) == {}


@pytest.mark.ci_both
def test_what_a_rule_removed_looks_like_waiting(article):
    client = Client()
    make_ban(email="ada@example.org")

    comment = post(client, article)

    assert comment.status == "trash"
    assert tools(client, article) == {comment.pk: ["edit", "withdraw"]}


def test_an_account_finds_what_it_left_under_any_of_its_identities(article):
    user, client = make_user(), Client()
    client.force_login(user)
    other = CommenterIdentity.objects.create(provider="google", uid="1", user=user, display_name="Ada")
    comment = make_comment(article)
    Comment.objects.filter(pk=comment.pk).update(identity=other)

    assert tools(client, article) == {comment.pk: ["edit", "withdraw"]}


# --- The cookie `known` -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "minutes", "age"),
    [
        ({}, 15, 900),
        ({}, 2, 120),
        ({}, 0, 0),
        ({"remember": "on"}, 0, 31_536_000),
        ({"remember": "on"}, 15, 31_536_000),
    ],
)
def test_a_guest_is_known_for_as_long_as_they_may_edit(article, typed, minutes, age):
    set_rules(edit_minutes=minutes)
    client = Client()

    post(client, article, **typed)

    cookie = client.cookies["known"]
    assert (cookie.value, cookie["max-age"], cookie["httponly"]) == ("1" if age else "", age, "")
    assert cookie["samesite"] == "Lax"


def test_a_member_who_is_known_stays_known_and_another_becomes_so(article):
    client, known = member(), member()
    known.cookies["known"] = "1"

    post(client, article)
    post(known, article, "Another.")

    assert (client.cookies["known"].value, client.cookies["known"]["max-age"]) == ("1", 900)
    assert not known.cookies["known"]["max-age"]


def test_a_refused_reply_makes_nobody_known(article):
    client = Client()

    client.post(reverse("reply", args=[article.pk]), TYPED | {"text": ""})

    assert "known" not in client.cookies


def test_the_public_page_is_the_same_for_whoever_has_posted(article):
    set_rules(hold_first_comment=False)
    client = Client()
    comment = post(client, article)

    mine, theirs = (who.get(article.get_absolute_url()) for who in (client, Client()))

    assert mine.content == theirs.content
    assert comment.status_token not in mine.text
    assert not mine.cookies
