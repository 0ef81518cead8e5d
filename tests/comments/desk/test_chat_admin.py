"""Chat webhooks in the admin: for those who run the site; the address and the secret are not shown again."""

from __future__ import annotations

import pytest

from comments.models import ChatHook, ChatMessage
from comments.notifications import chat
from comments.notifications.chat_delivery import deliver
from newsreader.kit import field_keys
from tests.factories import make_editor, make_moderator, make_section

pytestmark = pytest.mark.django_db
LIST = "/admin/comments/chathook/"
ADDRESS = "https://hooks.example.com/services/T0/B0/xyz"


@pytest.fixture
def desk(client):
    client.force_login(make_editor())
    return client


def opened(client, hook):
    form = client.get(f"{LIST}{hook.pk}/change/").context["adminform"].form
    return {"_opened": form["_opened"].value()} if "_opened" in form.fields else {}


def test_one_is_added_and_its_secret_is_shown_once(desk):
    town = make_section("Town")
    page = desk.post(
        f"{LIST}add/",
        {"name": "Desk", "address": ADDRESS, "on_waiting": "on", "is_active": "on", "sections": [town.pk]},
        follow=True,
    ).content.decode()

    hook = ChatHook.objects.get()
    secret = chat.secret_of(hook)
    assert secret in page
    assert (chat.events_of(hook), list(hook.sections.all())) == (["waiting"], [town])
    again = desk.get(f"{LIST}{hook.pk}/change/").content.decode()
    assert secret not in again
    assert "xyz" not in again
    assert "hooks.example.com" in again


def test_left_empty_the_address_stays(desk):
    hook, _ = chat.add(name="Desk", address=ADDRESS)

    desk.post(f"{LIST}{hook.pk}/change/", {"name": "Newsroom", "address": "", "on_alarm": "on"} | opened(desk, hook))

    hook.refresh_from_db()
    assert (hook.name, chat.events_of(hook), hook.is_active) == ("Newsroom", ["alarm"], False)
    assert field_keys.decrypt(hook.sealed_address) == ADDRESS


@pytest.mark.parametrize("address", ["", "http://hooks.example.com/x", "https://hooks.example.com:8443/"])
def test_a_wrong_address_is_said_and_what_was_typed_stays(desk, address):
    answer = desk.post(f"{LIST}add/", {"name": "Desk", "address": address, "on_waiting": "on"})

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["address"]
    assert 'value="Desk"' in answer.content.decode()
    assert not ChatHook.objects.exists()


def test_without_an_event_it_is_refused(desk):
    answer = desk.post(f"{LIST}add/", {"name": "Desk", "address": ADDRESS})

    assert "Choose at least one" in answer.content.decode()
    assert not ChatHook.objects.exists()


def test_the_button_sends_a_test_message_and_the_page_says_what_became_of_it(desk):
    hook, _ = chat.add(name="Desk", address="https://localhost/x")
    assert desk.get(f"{LIST}{hook.pk}/test/").status_code == 405
    assert not ChatMessage.objects.exists()

    page = desk.post(f"{LIST}{hook.pk}/test/", follow=True).content.decode()
    deliver.call()

    assert "A test message is on its way." in page
    assert "not on the public internet" in desk.get(f"{LIST}{hook.pk}/change/").content.decode()
    assert desk.post(f"{LIST}999/test/").status_code == 404


def test_it_is_deleted(desk):
    hook, _ = chat.add(name="Desk", address=ADDRESS)

    desk.post(f"{LIST}{hook.pk}/delete/", {"post": "yes"})

    assert not ChatHook.objects.exists()


def test_moderators_do_not_see_it(client):
    hook, _ = chat.add(name="Desk", address=ADDRESS)
    client.force_login(make_moderator())

    for path in (LIST, f"{LIST}add/", f"{LIST}{hook.pk}/change/"):
        assert client.get(path).status_code == 403
    assert client.post(f"{LIST}{hook.pk}/test/").status_code == 403
    assert "chathook" not in client.get("/admin/moderation/").content.decode()
