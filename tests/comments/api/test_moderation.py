"""Decisions about many over REST, and undoing them: the desk's operations with the desk's rights."""

from __future__ import annotations

import uuid

import pytest

from comments.models import Ban, Batch, Comment
from comments.moderation import bans, batches
from comments.moderation.decisions import decide
from tests.factories import make_article, make_author, make_comment, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
MANY = "/api/v1/decisions/"


@pytest.fixture
def mia(client):
    mia = make_moderator(name="Mia")
    client.force_login(mia)
    return mia


def send(client, address=MANY, **fields):
    return client.post(address, fields, content_type="application/json")


def statuses(comments):
    found = dict(Comment.objects.values_list("pk", "status"))
    return [found[comment.pk] for comment in comments]


def test_many_are_decided_about_and_undone(client, mia):
    comments = [make_comment(status=status) for status in ("pending", "approved", "spam")]

    answer = send(client, ids=[comment.pk for comment in comments], status="trash", reason="off_topic")

    assert answer.status_code == 200
    told = answer.json()
    assert (told["count"], told["changed"], told["state"]) == (3, 3, "done")
    assert statuses(comments) == ["trash"] * 3
    assert "no-store" in answer.headers["Cache-Control"]
    undone = send(client, f"{MANY}batches/{told['batch']}/undo/")
    assert undone.status_code == 200
    assert statuses(comments) == ["pending", "approved", "spam"]
    send(client, f"{MANY}batches/{undone.json()['batch']}/undo/")
    assert statuses(comments) == ["trash"] * 3


@pytest.mark.ci_both
def test_a_filter_is_the_queue_s(client, mia):
    article = make_article()
    inside, outside = make_comment(article, status="pending"), make_comment(status="pending")
    queue = client.get("/api/v1/moderation/queue/", {"article": article.pk}).json()["results"]
    assert [row["id"] for row in queue] == [inside.pk]

    answer = send(client, filter={"status": "pending", "article": str(article.pk)}, status="approved")

    assert answer.json()["count"] == 1
    assert statuses([inside, outside]) == ["approved", "pending"]


def test_a_large_one_is_accepted_and_told_while_it_runs(client, mia, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    monkeypatch.setattr(batches, "carry_out", type("Later", (), {"enqueue": staticmethod(lambda *args: None)}))
    comments = [make_comment(status="pending") for _ in range(3)]

    answer = send(client, ids=[comment.pk for comment in comments], status="approved")

    assert answer.status_code == 202
    told = client.get(f"{MANY}batches/{answer.json()['batch']}/").json()
    assert (told["count"], told["done"], told["state"]) == (3, 0, "running")
    client.force_login(make_moderator())
    assert client.get(f"{MANY}batches/{answer.json()['batch']}/").status_code == 404


def test_what_somebody_decided_meanwhile_is_told(client, mia):
    comment = make_comment(status="pending")
    seen = {str(comment.pk): comment.decisions.count()}
    decide(comment.pk, "approved", by=make_moderator(name="Noor"))

    answer = send(client, ids=[comment.pk], status="spam", reason="spam", seen=seen)

    assert answer.status_code == 409
    assert answer.json()["code"] == "decided_meanwhile"
    assert "Noor" in answer.json()["detail"]
    assert statuses([comment]) == ["approved"]


def test_a_single_decision_says_which_one_was_seen_last(client, mia):
    comment = make_comment(status="pending")
    address = f"/api/v1/comments/{comment.pk}/decisions/"
    (shown,) = client.get("/api/v1/moderation/queue/").json()["results"]
    decide(comment.pk, "approved", by=make_moderator(name="Noor"))

    answer = send(client, address, status="spam", reason="spam", seen=shown["seen"])

    assert (answer.status_code, answer.json()["code"]) == (409, "decided_meanwhile")
    assert "Noor" in answer.json()["detail"]
    assert statuses([comment]) == ["approved"]
    # The same is no quarrel; what was seen, and what nobody asks about, neither.
    assert send(client, address, status="approved", seen=shown["seen"]).status_code == 200
    assert send(client, address, status="trash", reason="spam", seen=shown["seen"] + 1).status_code == 201
    assert send(client, address, status="spam", reason="spam", seen=0).status_code == 201  # Since then it was oneself.
    assert send(client, address, status="approved").status_code == 201


@pytest.mark.parametrize("seen", [-1, "x", None, {}, 1.5])
def test_what_was_seen_is_a_number(client, mia, seen):
    comment = make_comment(status="pending")

    answer = send(client, f"/api/v1/comments/{comment.pk}/decisions/", status="approved", seen=seen)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "seen"
    assert statuses([comment]) == ["pending"]


def test_undoing_a_raid_lifts_its_bans_and_undoing_that_bans_again(client, mia):
    comments = [make_comment(email=f"r{n}@example.net") for n in range(2)]
    batch = send(client, ids=[comment.pk for comment in comments], status="spam", reason="spam").json()["batch"]
    bans.ban_authors(comments, by=mia, batch=uuid.UUID(batch))

    undone = send(client, f"{MANY}batches/{batch}/undo/").json()["batch"]

    assert not Ban.objects.in_force().exists()
    send(client, f"{MANY}batches/{undone}/undo/")
    assert statuses(comments) == ["spam"] * 2
    assert Ban.objects.in_force().count() == 2


def test_authors_reach_their_own_articles_alone(client):
    writer = make_user(group="Authors")
    client.force_login(writer)
    mine = make_comment(make_article(authors=[make_author(user=writer)]), status="pending")
    foreign = make_comment(status="pending")

    answer = send(client, ids=[mine.pk, foreign.pk], status="approved")

    assert answer.json()["count"] == 1
    assert statuses([mine, foreign]) == ["approved", "pending"]
    other = batches.decide_batch(Comment.objects.filter(pk=foreign.pk), "spam", by=make_moderator())
    assert send(client, f"{MANY}batches/{other.pk}/undo/").json()["count"] == 0
    assert statuses([foreign]) == ["spam"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "approved"}, 422),
        ({"ids": [1], "filter": {}, "status": "approved"}, 422),
        ({"ids": ["x"], "status": "approved"}, 422),
        ({"ids": [2**70], "status": "approved"}, 422),
        ({"ids": [1], "status": "gone", "reason": "spam"}, 422),
        ({"ids": [1], "status": "trash"}, 422),
        ({"ids": [1], "status": "spam", "reason": "withdrawn"}, 422),
        ({"ids": [1], "status": "approved", "seen": {"x": 1}}, 422),
        ({"filter": {"status": "nowhere"}, "status": "approved"}, 400),
        ({"filter": {"article": "x"}, "status": "approved"}, 400),
        ({"filter": {"reason": "nothing_of_ours"}, "status": "approved"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(client, mia, fields, status):
    comment = make_comment(status="pending")

    answer = send(client, **fields)

    assert answer.status_code == status
    assert answer.json()["code"]
    assert statuses([comment]) == ["pending"]
    assert not Batch.objects.exists()


def test_who_does_not_moderate_is_refused(client):
    assert send(client, ids=[1], status="approved").status_code in {401, 403}
    client.force_login(make_user())
    assert send(client, ids=[1], status="approved").status_code == 403
