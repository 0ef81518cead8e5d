"""What strangers can have kept while they begin to sign in: bounded, and at nobody else's cost."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from articles.models.article import Article
from comments.models import KeptDraft
from comments.posting import kept_drafts
from tests.factories import make_article, set_rules
from tests.standin import come_back, consent

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


@pytest.fixture
def article() -> Article:
    return make_article()


def start(article: Article, text: str = "Hello there.", *, address: str = "203.0.113.7", client: Any = None) -> Any:
    """Set out to a provider, as a browser without cookies unless there is a `client`."""
    path = f"/articles/{article.pk}/reply/with/google/"
    return (client or Client()).post(path, {"text": text}, REMOTE_ADDR=address)


def test_a_loop_without_cookies_begins_no_session_and_keeps_few_bytes(article, monkeypatch):
    monkeypatch.setattr(kept_drafts, "PER_NETWORK", 12)
    texts = ["\U0001f41f" * 60_000, *["\U0001f41f" * 10_000] * 20]

    answers = [start(article, text) for text in texts]

    assert [answer.status_code for answer in answers] == [422] + [302] * 12 + [429] * 8
    assert not Session.objects.exists()
    assert KeptDraft.objects.count() == 12
    assert max(len(str(draft.typed).encode()) for draft in KeptDraft.objects.all()) < 4 * 10_000 + 4_100


@pytest.mark.parametrize("text", ["\U0001f41f" * 11_001, "a" * 44_001])
def test_what_is_too_long_to_be_kept_stays_on_the_page(article, text):
    refused = start(article, text)

    assert refused.status_code == 422
    assert 'data-code="comment_content_column_length"' in refused.text
    assert text in refused.text
    assert not KeptDraft.objects.exists()


def test_the_bound_follows_the_longest_text_that_editors_allow(article):
    set_rules(text_limit=20_000)

    assert start(article, "\U0001f41f" * 20_000).status_code == 302


def test_a_refused_start_keeps_the_words_on_the_page(article, monkeypatch):
    monkeypatch.setattr(kept_drafts, "PER_NETWORK", 1)
    start(article)

    refused = start(article, "My own words.")

    assert (refused.status_code, refused["Retry-After"]) == (429, "1200")
    assert 'data-code="too_many_drafts"' in refused.text
    assert "My own words." in refused.text


@pytest.mark.parametrize(
    ("limit", "addresses", "elsewhere"),
    [
        ("PER_NETWORK", ["203.0.113.7"] * 9, "203.0.113.8"),
        ("PER_NETWORK", [f"2001:db8:1:1::{n}" for n in range(9)], "2001:db8:1:2::1"),
        ("PER_NEIGHBOURHOOD", [f"203.0.113.{n}" for n in range(9)], "203.0.114.1"),
        ("PER_NEIGHBOURHOOD", [f"2001:db8:1:{n}::1" for n in range(9)], "2001:db8:2::1"),
    ],
)
def test_who_comes_from_one_network_is_one(article, monkeypatch, limit, addresses, elsewhere):
    monkeypatch.setattr(kept_drafts, limit, 8)

    answers = [start(article, address=address).status_code for address in [*addresses, elsewhere]]

    assert answers == [302] * 8 + [429, 302]


def test_what_nobody_waits_for_any_more_makes_room(article, monkeypatch):
    monkeypatch.setattr(kept_drafts, "PER_NETWORK", 3)
    for _ in range(3):
        start(article, "Of earlier.")

    with time_machine.travel(timezone.now() + kept_drafts.IN_USE + dt.timedelta(seconds=1)):
        answer = start(article, "Of now.")

    assert answer.status_code == 302
    assert sorted(draft.typed["text"] for draft in KeptDraft.objects.all()) == ["Of earlier."] * 2 + ["Of now."]


@pytest.mark.parametrize(("limit", "most"), [("IN_ALL", 10), ("BYTES_IN_ALL", 10 * 1_050)])
def test_where_the_site_is_full_those_give_way_who_hold_the_most(article, monkeypatch, limit, most):
    monkeypatch.setattr(kept_drafts, limit, most)
    reader = start(article, "A reader’s own." + "." * 980, address="198.51.100.1")
    for _ in range(9):
        start(article, "x" * 1_000, address="203.0.113.7")
    assert start(article, "y" * 1_000, address="192.0.2.1").status_code == 429

    with time_machine.travel(timezone.now() + kept_drafts.IN_USE + dt.timedelta(seconds=1)):
        answers = [start(article, "y" * 1_000, address=f"192.0.{n}.1").status_code for n in range(5)]

    assert reader.status_code == 302
    assert answers == [302] * 5
    assert KeptDraft.objects.filter(typed__text__startswith="A reader").count() == 1
    assert KeptDraft.objects.count() == 10


def test_a_trip_without_a_session_signs_in_once_and_for_long(client, standin, article):
    started = start(article, client=client)
    assert "sessionid" not in client.cookies
    assert [name for name in client.cookies if name.startswith("trip-")]

    consented = consent(started["Location"])
    come_back(client, consented)

    assert "_auth_user_id" in client.session
    assert Session.objects.get().expire_date > timezone.now() + dt.timedelta(days=13)
    assert not any(morsel.value for name, morsel in client.cookies.items() if name.startswith("trip-"))
    client.post("/accounts/logout/")
    come_back(client, consented)
    assert "_auth_user_id" not in client.session


def test_the_answer_to_a_trip_of_another_browser_a_cancelled_or_an_old_one_is_refused(client, standin, article):
    another = come_back(Client(), consent(start(article, client=client)["Location"]))
    assert another.status_code >= 400 or "failed" in another.get("Location", "")
    consented = consent(start(article, client=client)["Location"])
    client.post(f"/articles/{article.pk}/reply/with/cancel/", {"text": ""})
    come_back(client, consented)
    late = consent(start(article, client=client)["Location"])
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=11)):
        come_back(client, late)

    assert "_auth_user_id" not in client.session


def test_a_session_in_which_nobody_is_signed_in_ends_after_an_hour(client, article):
    client.post(f"/articles/{article.pk}/reply/with/email/", {"text": "Hi", "email": "ann@example.org"})

    assert Session.objects.get().expire_date <= timezone.now() + dt.timedelta(hours=1)
    assert client.cookies["sessionid"]["max-age"] <= 3600


def test_a_browser_has_few_trips_at_once_and_a_long_return_is_cut(client, standin, article):
    for _ in range(8):
        start(article, client=client)
    client.post(f"/accounts/google/login/?next=/{'x' * 5_000}")

    trips = [morsel.value for name, morsel in client.cookies.items() if name.startswith("trip-") and morsel.value]
    assert len(trips) <= 6
    assert max(map(len, trips)) < 2_000


def test_a_clock_that_was_set_back_keeps_nobody_from_signing_in(article, monkeypatch):
    monkeypatch.setattr(kept_drafts, "PER_NETWORK", 3)
    with time_machine.travel(timezone.now() + dt.timedelta(days=30)):
        assert [start(article).status_code for _ in range(4)] == [302, 302, 302, 429]

    assert start(article).status_code == 302
    assert kept_drafts.old().count() == 2
