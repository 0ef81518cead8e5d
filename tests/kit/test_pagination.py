"""Cursors: every row once and in order, forwards and backwards, and no cursor of a stranger's breaks anything."""

import datetime as dt
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from articles.models.article import Article
from comments.models import Comment
from comments.models.paths import path_of
from newsreader.kit.pagination import Cursor
from newsreader.kit.rest import moment
from tests.factories import make_article, make_comment, make_moderator, set_rules

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
ORDERS = [
    ("path",),
    ("-path",),
    ("-thread_count", "path"),
    ("created_at", "pk"),
    ("-created_at", "-pk"),
    ("thread_count", "-created_at", "-pk"),
]


def page(rows, ordering, url="/list/"):
    """One page of a list: its rows and its body."""
    cursor = Cursor()
    view = SimpleNamespace(cursor_ordering=ordering)
    found = cursor.paginate_queryset(rows, Request(APIRequestFactory().get(url)), view)
    return found, cursor.get_paginated_response([]).data


def walk(fetch, url, way):
    """The pages from here on, and where the last of them is."""
    pages, last = [], url
    while url:
        last = url
        found, body = fetch(url)
        pages.append(found)
        url = body[way]
        assert len(pages) < 500, "It never ends."
    return pages, last


def walk_both_ways(fetch, url):
    forwards, last = walk(fetch, url, "next")
    backwards, _ = walk(fetch, last, "previous")
    assert backwards == forwards[::-1]
    return [row for rows in forwards for row in rows]


def plant(article, values, first=10_000_000):
    """Approved roots with these (thread_count, created_at), made at once."""
    rows = [
        Comment(pk=pk, article=article, status="approved", body="A", thread_count=count, created_at=at,
                path=path_of("", at, pk))
        for pk, (count, at) in enumerate(values, start=first)
    ]  # fmt: skip
    return Comment.objects.bulk_create(rows)


moments = st.integers(0, 2).map(lambda number: START + dt.timedelta(microseconds=number))


@given(st.lists(st.tuples(st.integers(0, 2), moments), max_size=14), st.sampled_from(ORDERS), st.integers(1, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_row_comes_once_and_in_order_forwards_and_backwards(values, ordering, limit):
    with transaction.atomic():
        article = make_article()
        plant(article, values)
        rows = Comment.objects.filter(article=article)

        visited = walk_both_ways(lambda url: page(rows, ordering, url), f"/list/?limit={limit}")

        assert visited == list(rows.order_by(*ordering))
        transaction.set_rollback(True)


@pytest.mark.parametrize("sort", ["oldest", "newest"])
def test_thirteen_hundred_roots_of_equal_count_are_paged_to_their_end(client, sort):
    article = make_article()
    roots = plant(article, [(0, START)] * 1_300)

    def fetch(url):
        body = client.get(url).json()
        return [root["id"] for root in body["results"]], body

    visited = walk_both_ways(fetch, f"/api/v1/articles/{article.pk}/comments/?sort={sort}&limit=50")

    expected = [root.pk for root in roots]
    assert visited == (expected[::-1] if sort == "newest" else expected)


def test_the_moderation_queue_and_articles_of_one_moment_are_paged_to_their_end(client):
    set_rules(flood_seconds=0)
    articles = [make_article() for _ in range(7)]
    Article.objects.update(published_at=START)
    held = [make_comment(articles[0], status="pending") for _ in range(7)]
    Comment.objects.update(created_at=START)
    client.force_login(make_moderator())

    def fetch(url):
        body = client.get(url).json()
        return [row["id"] for row in body["results"]], body

    assert walk_both_ways(fetch, "/api/v1/moderation/queue/?limit=2") == [comment.pk for comment in held]
    assert walk_both_ways(fetch, "/api/v1/articles/?limit=2") == [article.pk for article in reversed(articles)]


def test_what_comes_and_goes_meanwhile_moves_nothing_else():
    article = make_article()
    one, two, three, four = plant(article, [(0, START + dt.timedelta(days=day)) for day in range(4)])
    rows = Comment.objects.filter(article=article)
    _, first = page(rows, ("path",), "/list/?limit=2")
    two.delete()
    plant(article, [(0, START - dt.timedelta(days=1))], first=20_000_000)

    found, second = page(rows, ("path",), first["next"])
    assert found == [three, four]
    assert second["next"] is None
    before, _ = page(rows, ("path",), second["previous"])
    assert before == [rows.order_by("path")[0], one]


def test_from_an_empty_page_the_way_back_leads_to_the_rows_there_are():
    article = make_article()
    one, two, three = plant(article, [(0, START + dt.timedelta(days=day)) for day in range(3)])
    rows = Comment.objects.filter(article=article)
    _, first = page(rows, ("path",), "/list/?limit=2")
    three.delete()

    found, empty = page(rows, ("path",), first["next"])
    assert (found, empty["next"]) == ([], None)
    found, end = page(rows, ("path",), empty["previous"])
    assert (found, end["next"], end["previous"]) == ([one, two], None, None)


def test_a_page_asks_one_question(django_assert_num_queries):
    article = make_article()
    plant(article, [(0, START)] * 6)
    rows = Comment.objects.filter(article=article)
    _, first = page(rows, ("-thread_count", "path"), "/list/?limit=2")

    with django_assert_num_queries(1):
        page(rows, ("-thread_count", "path"), first["next"])


def test_links_stand_on_the_sites_address_whatever_the_visitor_calls_it(client, settings):
    settings.SITE_URL = "https://news.example"
    for _ in range(3):
        make_article(headline="Fähre & Boot")

    body = client.get("/api/v1/articles/?limit=1&q=F%C3%A4hre+%26", headers={"Host": "localhost"}).json()

    assert body["previous"] is None
    link = urlsplit(body["next"])
    query = parse_qs(link.query)
    assert (link.scheme, link.netloc, link.path) == ("https", "news.example", "/api/v1/articles/")
    assert (query["limit"], query["q"]) == (["1"], ["Fähre &"])
    second = client.get(f"{link.path}?{link.query}").json()
    assert second["next"].startswith("https://news.example/")
    assert second["previous"].startswith("https://news.example/")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "٣", "9" * 5_000, "100000000001"])
def test_a_limit_out_of_range_is_refused(limit):
    with pytest.raises(ParseError) as refusal:
        page(Comment.objects.all(), ("path",), f"/list/?limit={limit}")

    assert refusal.value.get_codes() == "invalid_limit"


def coded(content):
    text = content if isinstance(content, str) else json.dumps(content)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


WRONG = [
    "", "nonsense", "%00", "=", "A", "ä", "cD00ODY%3D", "W" * 20_000,
    coded(""), coded("{}"), coded("[]"), coded("null"), coded("5"), coded('"text"'), coded({"a": 1}), coded("[" * 50_000),
    coded([0, 1]), coded([0, 1, 2, 3]), coded([2, 1, "a"]), coded([[], 1, "a"]), coded([None, 1, "a"]),
    coded([0, None, "a"]), coded([0, 1, None]), coded([0, "1", "a"]), coded([0, True, "a"]), coded([0, 1.5, "a"]),
    coded([0, 1.0, "a"]), coded([0, [], "a"]), coded([0, {}, "a"]), coded([0, 1, 2]), coded([0, 1, ["a"]]),
    coded([0, -1, "a"]), coded([0, 2**63, "a"]), coded([0, 10**400, "a"]), coded("[0, " + "9" * 5_000 + ', "a"]'),
    coded("[0, NaN, 1]"), coded("[0, Infinity, 1]"), coded("[0, -Infinity, 1]"), coded("[0, 1e999, 1]"),
    coded([0, 1, "\0"]), coded([0, 1, "a\0b"]), coded([0, 1, "\ud800"]), coded([0, 1, "a" * 1_000]),
]  # fmt: skip


@pytest.mark.parametrize("cursor", WRONG)
def test_a_wrong_cursor_is_refused_before_the_database_hears_of_it(cursor, django_assert_num_queries):
    with django_assert_num_queries(0), pytest.raises(ParseError) as refusal:
        page(Comment.objects.all(), ("-thread_count", "path"), f"/list/?cursor={cursor}")

    assert refusal.value.get_codes() == "invalid_cursor"


def test_a_wrong_cursor_is_400_over_http(client):
    article = make_article()

    for cursor in ("", "nonsense", coded([0, 1, "a"]), coded([0, "\0"]), coded([0, "\ud800"])):
        answer = client.get(f"/api/v1/articles/{article.pk}/comments/?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "moment",
    [
        "yesterday", "", "\0", "\ud800", 5, None, [], "2026-11-23", "2026-11-23T10:00:00", "2026-13-45T99:00:00+00:00",
        "0000-01-01T00:00:00+00:00", "10000-01-01T00:00:00+00:00", "-4800-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-23T10:00:00+99:00", "infinity", "now", "1e9",
    ],
)  # fmt: skip
def test_a_cursor_with_a_wrong_time_is_refused(moment):
    with pytest.raises(ParseError) as refusal:
        page(Comment.objects.all(), ("created_at", "pk"), f"/list/?cursor={coded([0, moment, 1])}")

    assert refusal.value.get_codes() == "invalid_cursor"


@pytest.mark.ci_both
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"])
@pytest.mark.parametrize("pk", [-(2**63), 0, 2**63 - 1])
@pytest.mark.parametrize("way", [0, 1])
def test_the_ends_of_what_a_column_holds_are_answered(way, moment, pk):
    article = make_article()
    comment = make_comment(article)

    found, _ = page(Comment.objects.all(), ("created_at", "pk"), f"/list/?cursor={coded([way, moment, pk])}")

    assert found == ([comment] if (way == 0) == moment.startswith("0001") else [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(st.lists(json_values, max_size=4) | json_values, st.sampled_from(ORDERS))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_cursor_holds_it_is_answered_or_refused(content, ordering):
    with suppress(ParseError):
        page(Comment.objects.all(), ordering, f"/list/?cursor={coded(content)}")


def test_a_cursor_says_nothing_but_the_columns_of_the_order():
    article = make_article()
    plant(article, [(0, timezone.now())] * 2)
    _, body = page(Comment.objects.filter(article=article), ("created_at", "pk"), "/list/?limit=1")

    token = parse_qs(urlsplit(body["next"]).query)["cursor"][0]
    first = Comment.objects.get(pk=10_000_000)
    held = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert held == [0, first.created_at.isoformat(), first.pk]


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00+00:00"),
        (" 2026-11-23T10:00:00Z ", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00+00:00"),
        ("2026-11-23T10:00:00 01:00", "2026-11-23T09:00:00+00:00"),  # The plus sign of an address is a blank.
        ("2026-11-23T10:00", "2026-11-23T09:00:00+00:00"),
        ("2026-11-23 10:00", "2026-11-23T09:00:00+00:00"),
        ("2026-11-23", "2026-11-22T23:00:00+00:00"),
        (" 2026-11-23 ", "2026-11-22T23:00:00+00:00"),
    ],
)
def test_a_time_without_a_zone_is_the_sites(typed, found):
    assert moment(typed, "since").isoformat() == found


@pytest.mark.parametrize("typed", ["", "x", "2026", "2026-13-01", "2026-11-31", "2026-11-23T25:00", "0001-01-01", "٣"])
def test_what_is_no_time_is_refused_by_the_name_of_its_parameter(typed):
    with pytest.raises(ParseError) as refusal:
        moment(typed, "since")

    assert refusal.value.get_codes() == "invalid_since"
