"""Closing a discussion: by the clock, by its own time, by an editor; who may still answer, and what pages say."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles.models.article import Article
from comments.models import Comment
from tests.factories import make_article, make_author, make_comment, make_editor, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(NOW, tick=False)


def days_old(days, **values):
    return make_article(at=NOW - dt.timedelta(days=days), **values)


def closing_in(seconds, **values):
    return make_article(comments_close_at=NOW + dt.timedelta(seconds=seconds), **values)


def by_page(client, article, **fields):
    return client.post(
        f"/articles/{article.pk}/reply/", {"text": "Well.", "name": "Ada", "email": "a@example.org"} | fields
    )


def by_program(client, article, **fields):
    values = {"text": "Well.", "name": "Ada", "email": "a@example.org"} | fields
    return client.post(f"/api/v1/articles/{article.pk}/comments/", values, content_type="application/json")


def is_said_open(client, article):
    """What the page, the reply page and the API say about it; they have to agree."""
    page = client.get(article.get_absolute_url()).content.decode()
    form = client.get(f"/articles/{article.pk}/reply/").content.decode()
    program = client.get(f"/api/v1/articles/{article.pk}/").json()["comments_open"]
    said = {'id="commentform"' in page, "Post Comment" in form, program, "Comments are closed" not in page}
    assert len(said) == 1
    return said.pop()


@pytest.mark.parametrize(
    ("days", "values", "expected"),
    [
        (13, {}, True),
        (14, {}, False),
        (3_000, {}, False),
        (3_000, {"comments_close_at": NOW + dt.timedelta(hours=1)}, True),
        (1, {"comments_close_at": NOW}, False),
        (1, {"comments_close_at": NOW + dt.timedelta(hours=1), "takes_comments": False}, False),
        (1, {"takes_comments": False}, False),
    ],
)
def test_the_rule_its_own_time_and_the_editors_word_are_kept_everywhere(client, days, values, expected):
    """Its own time is stronger than the rule for all, and the editor's word stronger than both."""
    set_rules(close_after_days=14, flood_seconds=0)
    article = days_old(days, **values)

    assert is_said_open(client, article) is expected
    for answer in (by_page(client, article), by_program(client, article, text="Another.")):
        assert (answer.status_code in {201, 303}) is expected
    assert Comment.objects.count() == (2 if expected else 0)


def test_where_nothing_is_said_a_discussion_never_closes(client):
    article = days_old(20_000)

    assert is_said_open(client, article)
    assert "Comments close on" not in client.get(article.get_absolute_url()).content.decode()


@pytest.mark.parametrize("send", [by_page, by_program])
def test_a_refusal_names_the_code_and_the_page_keeps_the_text(client, send):
    answer = send(client, closing_in(0), text="Five minutes too late")

    assert answer.status_code == 403
    if send is by_page:
        page = answer.content.decode()
        assert 'data-code="comment_closed"' in page
        assert "Five minutes too late</textarea>" in page
        assert "Post Comment" not in page
    else:
        assert answer.json()["code"] == "comment_closed"


@pytest.mark.ci_both
@pytest.mark.parametrize("send", [by_page, by_program])
@pytest.mark.parametrize("closing", [{"takes_comments": False}, {"comments_close_at": NOW}])
def test_a_moderator_still_answers(client, send, closing):
    article = make_article(**closing)
    parent = make_comment(status="pending")
    Comment.objects.filter(pk=parent.pk).update(article=article, status="approved")
    client.force_login(make_moderator())

    assert send(client, article, parent=parent.pk).status_code in {201, 303}
    assert Comment.objects.get(parent=parent).status == "approved"


def test_an_author_answers_under_their_own_closed_article_alone(client):
    user = make_user(group="Authors")
    own, foreign = closing_in(0, authors=[make_author(user=user)]), closing_in(0)
    client.force_login(user)

    assert (by_page(client, own).status_code, by_page(client, foreign).status_code) == (303, 403)


@pytest.mark.parametrize(("make", "finds_it"), [(make_moderator, True), (make_editor, True), (make_user, False)])
def test_who_may_still_answer_finds_the_form(client, make, finds_it):
    """On its own page, to which the private fragment leads, since the public page is the same for everybody."""
    article = closing_in(0)
    public = client.get(article.get_absolute_url()).content
    client.force_login(make())

    form = client.get(f"/articles/{article.pk}/reply/").content.decode()
    fragment = client.get(f"/articles/{article.pk}/you/").content.decode()

    assert ("Post Comment" in form and 'id="commentform"' in form) is finds_it
    assert (f'<a href="/articles/{article.pk}/reply/">' in fragment) is finds_it
    for page in (form, fragment):
        assert ("As a moderator you may still answer" in page) is finds_it
    assert client.get(article.get_absolute_url()).content == public


def test_the_desk_leads_to_the_answer(client):
    comment = make_comment()
    client.force_login(make_moderator())

    page = client.get(f"/admin/comments/comment/{comment.pk}/change/").content.decode()

    assert f'href="/articles/{comment.article_id}/reply/?parent={comment.pk}"' in page


@pytest.mark.ci_both
def test_what_was_said_stays_and_nobody_is_invited_to_answer_it(client):
    article = make_article()
    comment = make_comment(article, text="Said in time.")
    Article.objects.filter(pk=article.pk).update(takes_comments=False, page_version=99)

    for address in (article.get_absolute_url(), f"/comments/{comment.pk}/thread/"):
        page = client.get(address).content.decode()
        assert "Said in time." in page
        assert 'data-action="reply"' not in page
        assert "commentform" not in page


def test_the_page_says_when_in_the_time_of_the_site(client, settings):
    settings.TIME_ZONE = "America/New_York"
    article = closing_in(90 * 60)

    page = client.get(article.get_absolute_url()).content.decode()

    expected = '<time datetime="2026-11-23T08:30:00-05:00">Nov. 23, 2026, 8:30 a.m.</time>'
    assert f"Comments close on {expected}" in page


def test_a_closed_page_says_since_when_where_the_clock_did_it(client):
    by_clock, by_hand = closing_in(-60), make_article(takes_comments=False)
    both = closing_in(60, takes_comments=False)

    page = client.get(by_clock.get_absolute_url()).content.decode()
    assert "Comments are closed." in page
    assert 'Since <time datetime="2026-11-23T12:59:00+01:00">Nov. 23, 2026, 12:59 p.m.</time>' in page
    for article in (by_hand, both):
        page = client.get(article.get_absolute_url()).content.decode()
        assert '<p class="closed">Comments are closed.</p>' in page
        assert "Comments close on" not in page


def test_no_copy_of_the_page_outlives_the_closing(client, time_machine):
    """A cache may keep it for a second; asked again, the server has another page, by the clock alone."""
    article = closing_in(10)
    comment = make_comment(article)
    addresses = [article.get_absolute_url(), f"/comments/{comment.pk}/thread/"]
    before = [client.get(address) for address in addresses]
    assert all("commentform" in answer.content.decode() for answer in before)
    assert all(answer["Cache-Control"] == "public, max-age=0, s-maxage=1" for answer in before)

    time_machine.shift(10)

    for address, first in zip(addresses, before, strict=True):
        later = client.get(address, headers={"If-None-Match": first["ETag"]})
        assert later.status_code == 200
        assert "commentform" not in later.content.decode()
    # Whoever has the old page in front of them is told, and keeps their text.
    assert by_page(client, article, text="Typed in time").status_code == 403


@pytest.mark.ci_both
def test_an_editors_change_of_the_time_shows_at_once(client):
    article = make_article()
    first = client.get(article.get_absolute_url())
    client.force_login(make_editor())
    address = f"/admin/articles/article/{article.pk}/change/"
    form = client.get(address).context["adminform"].form
    fields = {name: form[name].value() or "" for name in form.fields}
    fields |= {"comments_close_at_0": "2026-11-23", "comments_close_at_1": "18:00:00", "_save": "Save"}
    for formset in client.get(address).context["inline_admin_formsets"]:
        management = formset.formset.management_form
        fields |= {management.add_prefix(name): management[name].value() for name in management.fields}
    fields = {name: value for name, value in fields.items() if (value and isinstance(value, str | int)) or value == 0}

    answer = client.post(address, fields)

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    again = client.get(article.get_absolute_url(), headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert "Comments close on" in again.content.decode()


@pytest.mark.ci_both
def test_a_change_of_the_rule_shows_at_once(client):
    article = days_old(3)
    first = client.get(article.get_absolute_url())
    client.force_login(make_editor())
    address = "/admin/comments/commentsettings/1/change/"
    form = client.get(address).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields} | {"close_after_days": 10, "_save": "Save"}
    answer = client.post(address, {name: value for name, value in fields.items() if value not in (None, False)})
    assert answer.status_code == 302

    again = client.get(article.get_absolute_url(), headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, "Comments close on" in again.content.decode()) == (200, True)


def test_a_closed_page_asks_no_question_more_than_an_open_one(client):
    asked = []
    for article in (closing_in(60), closing_in(0)):
        make_comment()  # Whatever the site reads once for all its pages is read by another one.
        client.get(Comment.objects.last().article.get_absolute_url())
        with CaptureQueriesContext(connection) as queries:
            client.get(article.get_absolute_url())
        asked.append(len(queries))

    assert asked[1] <= asked[0]
