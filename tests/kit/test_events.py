"""Telling other rooms what has happened."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from newsreader.kit.events import listen, publish

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class FerrySailed:
    name: str


heard: list[str] = []


def fail(event):
    heard.append(f"failed: {event.name}")
    raise RuntimeError


def hear(event):
    heard.append(event.name)


@pytest.fixture(autouse=True)
def _listening():
    heard.clear()
    listen(FerrySailed, fail)
    listen(FerrySailed, hear)


def test_a_listener_that_fails_is_logged_and_stops_nobody(django_capture_on_commit_callbacks, caplog):
    with django_capture_on_commit_callbacks(execute=True):
        publish(FerrySailed("Martha"))

    assert heard == ["failed: Martha", "Martha"]
    assert "A listener failed for FerrySailed(name='Martha')" in caplog.text


def test_who_listens_twice_hears_once(django_capture_on_commit_callbacks):
    listen(FerrySailed, hear)

    with django_capture_on_commit_callbacks(execute=True):
        publish(FerrySailed("Martha"))

    assert heard.count("Martha") == 1


def test_nothing_is_told_before_the_commit_nor_after_a_rollback(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        publish(FerrySailed("Martha"))
        assert heard == []
        with transaction.atomic():
            publish(FerrySailed("Mary"))
            transaction.set_rollback(True)

    assert "Mary" not in heard
