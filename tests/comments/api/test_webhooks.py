"""Chat webhooks over REST: for those who run the site, with a secret that is shown once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.models import AuditEntry, ChatHook
from comments.notifications import chat
from newsreader.accounts.models import KeptAnswer
from tests.factories import make_editor, make_moderator, make_section

pytestmark = pytest.mark.django_db
PATH = "/api/v1/webhooks/"
ADDRESS = "https://hooks.example.com/services/T0/B0/xyz"


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def post(client, headers=None, **values):
    body = {"name": "Desk", "address": ADDRESS} | values
    return client.post(PATH, body, content_type="application/json", headers=headers or {})


def test_a_webhook_is_added_listed_changed_and_removed_and_its_secret_is_shown_once(client, editor):
    town = make_section("Town")
    made = post(client, events=["waiting", "reports"], sections=[town.slug])

    assert made.status_code == 201
    assert made["Cache-Control"] == "private, no-store"
    body = made.json()
    hook = ChatHook.objects.get()
    assert body["secret"] == chat.secret_of(hook)
    assert (body["host"], body["events"], body["sections"]) == (
        "hooks.example.com", ["waiting", "reports"], [town.slug]
    )  # fmt: skip
    listed = client.get(PATH)
    assert listed.json()["results"] == [{name: body[name] for name in body if name != "secret"}]
    assert "xyz" not in made.content.decode() + listed.content.decode()
    one = f"{PATH}{body['id']}/"
    assert client.get(one).json() == listed.json()["results"][0]

    changed = client.patch(one, {"events": ["digest"], "is_active": False}, content_type="application/json").json()
    assert (changed["events"], changed["is_active"], changed["name"]) == (["digest"], False, "Desk")
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == client.delete(one).status_code == 404
    kinds = AuditEntry.objects.filter(by_account=editor.pk, kind__startswith="chat_").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["chat_added", "chat_changed", "chat_removed"]


def test_sent_again_it_is_added_once_and_the_kept_answer_cannot_be_read_in_the_database(client, editor):
    first = post(client, {"Idempotency-Key": "k"})
    again = post(client, {"Idempotency-Key": "k"})

    assert again.json() == first.json()
    assert ChatHook.objects.count() == 1
    assert first.json()["secret"] not in KeptAnswer.objects.get().body


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"address": "http://hooks.example.com/x"}, "address"),
        ({"address": "https://hooks.example.com:22/x"}, "address"),
        ({"name": " "}, "name"),
        ({"events": []}, "events"),
        ({"events": ["weather"]}, "events.0"),
        ({"sections": ["nowhere"]}, "sections"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(client, editor, values, field):
    answer = post(client, **values)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not ChatHook.objects.exists()


def test_the_list_asks_as_much_however_many_there_are(client, editor):
    def asked():
        with CaptureQueriesContext(connection) as found:
            client.get(PATH)
        return len(found)

    town = make_section("Town")
    chat.add(name="One", address=ADDRESS, sections=[town])
    asked()
    few = asked()
    for number in range(5):
        chat.add(name=f"Room {number}", address=ADDRESS, sections=[town])

    assert asked() == few <= 6


def test_only_those_who_run_the_site_reach_it(client):
    hook, _ = chat.add(name="Desk", address=ADDRESS)
    assert client.get(PATH).status_code == 401
    client.force_login(make_moderator())

    assert client.get(PATH).status_code == post(client).status_code == 403
    assert client.delete(f"{PATH}{hook.pk}/").status_code == 403
    assert ChatHook.objects.count() == 1
