"""What a program sends again with the same idempotency key is done once, and answered as the first time."""

import datetime as dt

import pytest
from django.utils import timezone

from articles.models.article import Article
from comments.api.comments import ArticleCommentsView
from comments.models import Report
from newsreader import api
from newsreader.accounts.kept_answers import old
from newsreader.accounts.models import KeptAnswer
from tests.factories import make_comment, make_editor, make_moderator

pytestmark = pytest.mark.django_db


def post(client, path, values, key="5f0c", **headers):
    return client.post(path, values, content_type="application/json", headers={"Idempotency-Key": key} | headers)


def test_an_article_sent_twice_is_written_once_and_another_with_its_key_is_refused(client):
    editor = make_editor()
    client.force_login(editor)
    written = {"headline": "Once", "tags": ["C++"]}

    first, again = post(client, "/api/v1/articles/", written), post(client, "/api/v1/articles/", written)
    other = post(client, "/api/v1/articles/", written | {"headline": "Twice"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (again["Location"], again["ETag"]) == (first["Location"], first["ETag"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Article.objects.get().headline == "Once"
    client.force_login(make_editor())
    assert post(client, "/api/v1/articles/", written).json()["id"] != first.json()["id"]  # Somebody else's key.


def test_nothing_is_kept_of_a_refusal_and_a_key_that_is_too_long_is_refused(client):
    client.force_login(make_editor())

    assert post(client, "/api/v1/articles/", {"headline": ""}).status_code == 422
    assert post(client, "/api/v1/articles/", {"headline": "Mended"}).status_code == 201
    assert post(client, "/api/v1/articles/", {"headline": "x"}, key="k" * 65).json()["code"] == "idempotency_key_reused"


def test_decisions_batches_and_their_undoing_are_done_once(client):
    comment = make_comment(status="pending")
    client.force_login(make_moderator())
    spam = {"ids": [comment.pk], "status": "spam"}

    one = [post(client, f"/api/v1/comments/{comment.pk}/decisions/", {"status": "approved"}, "a") for _ in range(2)]
    many = [post(client, "/api/v1/decisions/", spam, "b") for _ in range(2)]
    undone = [post(client, f"/api/v1/decisions/batches/{many[0].json()['batch']}/undo/", {}, "c") for _ in range(2)]

    for first, again in (one, many, undone):
        assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert [row.after for row in comment.decisions.all()][-3:] == ["approved", "spam", "approved"]


def test_a_guest_s_report_is_told_again_instead_of_being_refused_as_the_second(client):
    comment = make_comment()
    path, values = f"/api/v1/comments/{comment.pk}/flag/", {"reason": "spam"}

    first, again = post(client, path, values), post(client, path, values)

    assert first.json() == again.json()
    assert Report.objects.count() == 1
    assert post(client, path, values, "other").status_code == 409


def test_an_answer_is_forgotten_after_a_day(client):
    client.force_login(make_editor())
    post(client, "/api/v1/articles/", {"headline": "x"})
    assert old().delete()[0] == 0
    KeptAnswer.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    assert old().delete()[0] == 1


def test_an_answer_that_no_key_reads_any_more_is_refused_and_nothing_is_done_again(client, settings):
    client.force_login(make_editor())
    values = {"name": "Desk", "address": "https://hooks.example.com/services/T0/B0/xyz"}
    settings.FIELD_KEYS = ["a" * 40]
    first = post(client, "/api/v1/webhooks/", values)
    settings.FIELD_KEYS = ["b" * 40]

    again = post(client, "/api/v1/webhooks/", values)

    assert (first.status_code, again.status_code) == (201, 422)
    assert again.json()["code"] == "idempotency_key_reused"


def test_every_post_takes_a_key():
    views = [one.callback for one in api.urlpatterns if "post" in getattr(one.callback, "actions", {})]
    taking = [getattr(view.cls, view.actions["post"]) for view in views]
    without = [action for action in taking if not hasattr(action, "once_per_key")]
    assert len(taking) > 5
    assert without == [ArticleCommentsView.create]  # A reply keeps its key itself.
