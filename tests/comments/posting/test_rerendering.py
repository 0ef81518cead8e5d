"""Comments that an older renderer made are made anew."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.models import Comment
from comments.posting import rerendering
from comments.posting.rerendering import rerender, rerender_some
from comments.text.formatting import VERSION
from tests.factories import make_article, make_comment

pytestmark = pytest.mark.django_db


def age(*comments, html="<p>Old</p>"):
    """Let these look as an older version made them."""
    Comment.objects.filter(pk__in=[comment.pk for comment in comments]).update(renderer=VERSION - 1, html=html)


def now(row):
    return type(row).objects.get(pk=row.pk)


def test_what_is_old_is_made_anew_and_shown(client, capsys):
    comment, other = make_comment(text="*New*"), make_comment(text="Same")
    age(comment)
    Comment.objects.filter(pk=other.pk).update(renderer=VERSION - 1)
    address = comment.article.get_absolute_url()
    before = client.get(address)

    call_command("rerender")

    assert capsys.readouterr().out == "2 comments rendered again, 1 of them look different.\n"
    assert (now(comment).html, now(comment).renderer) == ("<p><em>New</em></p>", VERSION)
    assert "<em>New</em>" in client.get(address, headers={"If-None-Match": before["ETag"]}).content.decode()
    assert now(other.article).page_version == other.article.page_version


def test_in_batches_none_is_left_out_however_old_each_is(monkeypatch):
    monkeypatch.setattr(rerendering, "BATCH", 1)
    comments = [make_comment(text="New") for _ in range(3)]
    # The last first, so that the rows lie in that order where a database writes a changed row anew.
    for comment, renderer in zip(reversed(comments), (VERSION - 2, VERSION - 1, VERSION - 1), strict=True):
        Comment.objects.filter(pk=comment.pk).update(renderer=renderer, html="<p>Old</p>")

    assert list(rerender()) == [(1, 1)] * 3

    assert {now(comment).html for comment in comments} == {"<p>New</p>"}


def test_what_is_new_is_left_alone_unless_every_one_is_asked_for(capsys):
    comment = make_comment(text="New")
    Comment.objects.filter(pk=comment.pk).update(html="<p>By hand</p>")

    call_command("rerender")
    assert now(comment).html == "<p>By hand</p>"
    call_command("rerender", "--all")

    assert now(comment).html == "<p>New</p>"


def test_an_imported_comment_keeps_its_html_until_somebody_types_it_anew():
    imported, edited = make_comment(), make_comment()
    age(imported, edited)
    Comment.objects.filter(pk__in=[imported.pk, edited.pk]).update(channel="import", body="One <b>two</b>")
    Comment.objects.filter(pk=edited.pk).update(edited_at=edited.created_at)

    assert list(rerender()) == [(2, 2)]

    assert now(imported).html == "<p>One <b>two</b></p>"
    assert now(edited).html == "<p>One &lt;b&gt;two&lt;/b&gt;</p>"


def test_an_edit_in_between_wins():
    comment = make_comment(text="First")
    age(comment)
    made = {comment.pk: ("First", "<p>First</p>")}
    edited = now(comment)
    edited.write("Second")
    edited.save()

    assert rerendering._store(made) == 0
    assert now(comment).html == "<p>Second</p>"


def test_it_goes_in_batches_with_as_many_questions_however_many_there_are(monkeypatch):
    article = make_article()
    comments = [make_comment(article) for _ in range(12)]
    asked = []
    for size in (3, 6):
        monkeypatch.setattr(rerendering, "BATCH", size)
        age(*comments)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            batches = list(rerender())
        assert [had for had, _ in batches] == [size] * (12 // size)
        asked.append(len(queries) / len(batches))

    assert abs(asked[0] - asked[1]) < 1
    assert not Comment.objects.filter(renderer__lt=VERSION).exists()


def test_the_worker_stops_when_its_turn_is_over_and_goes_on_in_the_next(monkeypatch):
    comments = [make_comment() for _ in range(3)]
    age(*comments)
    monkeypatch.setattr(rerendering, "BATCH", 2)
    monkeypatch.setattr(rerendering, "TURN", -1)

    rerender_some()
    assert Comment.objects.filter(renderer__lt=VERSION).count() == 1
    rerender_some()

    assert not Comment.objects.filter(renderer__lt=VERSION).exists()


def test_where_nothing_is_old_the_worker_asks_one_question(django_assert_num_queries):
    make_comment()

    with django_assert_num_queries(1):
        rerender_some()
