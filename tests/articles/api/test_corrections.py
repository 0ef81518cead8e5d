"""Corrections over REST: on the article for everybody, written by editors."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from articles.models import Correction
from articles.models.article import Article
from tests.factories import make_article, make_author, make_editor, make_moderator, make_user

pytestmark = pytest.mark.django_db
WRONG = "We first said that the boat left at six. It left at seven."


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def of(article, correction=None):
    return f"/api/v1/articles/{article.pk}/corrections/" + (f"{correction}/" if correction else "")


def send(client, method, address, sent=None, **headers):
    return client.generic(method, address, json.dumps(sent or {}), "application/json", headers=headers)


def test_an_editor_corrects_and_everybody_reads_what_and_when(client, editor):
    article = make_article()
    address = f"/api/v1/articles/{article.pk}/"
    before = client.get(address)

    answer = send(client, "POST", of(article), {"text": f"{WRONG} <b>"})

    assert answer.status_code == 201, answer.content
    row = Correction.objects.get()
    assert row.by == editor
    client.logout()
    after = client.get(address)
    [told] = after.json()["corrections"]
    assert (told["id"], told["text"]) == (row.pk, f"{WRONG} <b>")
    assert dt.datetime.fromisoformat(told["at"]) == row.at
    assert after.json()["version"] == before.json()["version"] + 1 == answer.json()["version"]
    assert after["ETag"] != before["ETag"]
    assert Article.objects.get().corrected_at == row.at
    assert WRONG in client.get(article.get_absolute_url()).content.decode()
    assert client.get("/api/v1/articles/").json()["results"][0]["corrections"] == [told]


def test_it_is_put_differently_at_its_own_time_and_taken_out_again(client, editor):
    article = make_article()
    send(client, "POST", of(article), {"text": WRONG})
    row = Correction.objects.get()

    answer = send(client, "PATCH", of(article, row.pk), {"text": "It left at seven."})
    assert [(each["id"], each["text"]) for each in answer.json()["corrections"]] == [(row.pk, "It left at seven.")]
    assert Correction.objects.get().at == row.at

    answer = send(client, "DELETE", of(article, row.pk))
    assert (answer.status_code, answer.json()["corrections"]) == (200, [])
    assert Article.objects.get().corrected_at is None
    assert answer.json()["version"] == article.version + 3


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "required"),
        ({"text": ""}, "blank"),
        ({"text": " \u200b "}, "required"),
        ({"text": "x" * 2001}, "max_length"),
    ],
)
def test_what_says_nothing_or_too_much_is_refused(client, editor, sent, code):
    answer = send(client, "POST", of(make_article()), sent)

    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("text", code)]
    assert not Correction.objects.exists()


def test_only_what_readers_have_seen_is_corrected_and_only_in_the_version_that_is_meant(client, editor):
    draft, article = make_article(state="draft"), make_article()

    refused = send(client, "POST", of(draft), {"text": WRONG})
    assert (refused.status_code, refused.json()["code"]) == (409, "never_published")
    assert send(client, "POST", of(article), {"text": WRONG, "version": article.version + 1}).status_code == 412
    stale = client.get(f"/api/v1/articles/{article.pk}/")["ETag"]
    assert send(client, "POST", of(article), {"text": WRONG}, if_match=stale).status_code == 201
    assert send(client, "POST", of(article), {"text": WRONG}, if_match=stale).status_code == 412
    assert Correction.objects.count() == 1


def test_the_same_request_is_done_once(client, editor):
    article = make_article()
    answers = [send(client, "POST", of(article), {"text": WRONG}, idempotency_key="k") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert Correction.objects.count() == 1


def test_nobody_corrects_who_is_no_editor(client):
    writer = make_user(group="Authors")
    article = make_article(authors=[make_author(user=writer)])
    row = article.corrections.create(text=WRONG)
    assert send(client, "POST", of(article), {"text": "x"}).status_code == 401
    for somebody in (writer, make_moderator(), make_user()):
        client.force_login(somebody)
        for method, where in (("POST", of(article)), ("PATCH", of(article, row.pk)), ("DELETE", of(article, row.pk))):
            assert send(client, method, where, {"text": "x"}).status_code == 403
    assert Correction.objects.get().text == WRONG


def test_a_correction_of_another_article_is_not_there(client, editor):
    article, other = make_article(), make_article()
    row = other.corrections.create(text=WRONG)

    assert send(client, "PATCH", of(article, row.pk), {"text": "x"}).status_code == 404
    assert send(client, "DELETE", of(article, 10**30)).status_code == 404
    assert send(client, "GET", of(article)).status_code == 405


def test_an_article_that_is_sent_back_as_it_was_read_keeps_its_corrections(client, editor):
    article = make_article()
    send(client, "POST", of(article), {"text": WRONG})
    read = client.get(f"/api/v1/articles/{article.pk}/").json()

    answer = send(
        client, "PATCH", f"/api/v1/articles/{article.pk}/", {"headline": "New", "corrections": read["corrections"]}
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["corrections"] == read["corrections"]
