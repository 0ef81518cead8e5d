"""What may be kept for readers, for how long, and as what it is sent; without a site around it."""

import gzip
import time
from types import SimpleNamespace

import pytest

from newsreader.front import page_cache, pages, stale
from newsreader.front.answers import Answer
from newsreader.front.page_cache import PageCache
from newsreader.front.pages import Address

PUBLIC = {"Cache-Control": "public, max-age=0, s-maxage=1", "ETag": '"one"', "Content-Type": "text/html"}
HOME = Address("news.example", True, "/", "")


class Headers(dict):
    """Those of a request, as the server gives them."""


def scope(**headers):
    return SimpleNamespace(headers=Headers({name.replace("_", "-"): value for name, value in headers.items()}))


def learn(cache, address=HOME, status=200, headers=PUBLIC, body=b"words", asked=(), **more):
    cache.learn(address, Answer(status, list((dict(headers) | more).items()), body), frozenset(asked))
    return cache


def shown(cache, address=HOME, **headers):
    entry = cache.find(address)
    return entry and stale.answer_from(entry, scope(**headers))


def test_the_last_good_answer_is_sent_marked_by_its_age(monkeypatch):
    cache = learn(PageCache(), **{"X-Noise": "abc", "X-Request-ID": "7"})
    now = time.monotonic()
    monkeypatch.setattr(page_cache.time, "monotonic", lambda: now + 90)

    status, headers, body, _ = shown(cache)

    said = dict(headers)
    assert (status, body) == (200, b"words")
    assert said["Age"] == "90"
    assert said["Cache-Status"] == "newsreader; hit; ttl=-90; detail=stale-if-error"
    assert said["Cache-Control"] == "public, max-age=0, s-maxage=1, stale-if-error=60"
    assert not {"X-Noise", "X-Request-ID"} & said.keys()
    monkeypatch.setattr(page_cache.time, "monotonic", lambda: now + page_cache.OLDEST + 1)
    assert shown(cache) is None


@pytest.mark.parametrize(
    "headers",
    [{}, {"Cache-Control": "private, no-store"}, {"Cache-Control": "max-age=60"}, PUBLIC | {"Set-Cookie": "a=1"},
    {"Cache-Control": "public, private"}, PUBLIC | {"Vary": "Accept-Encoding, Cookie"}, PUBLIC | {"Vary": "*"}],
)  # fmt: skip
def test_what_is_not_the_same_for_everybody_never_enters(headers):
    assert shown(learn(PageCache(), headers=headers)) is None


@pytest.mark.parametrize("credential", ["cookie", "authorization", "x_session_token"])
def test_what_strangers_alone_get_is_taken_from_strangers_and_given_to_them(credential):
    strangers = {"Cache-Control": "public, no-cache", "Vary": "Authorization, X-Session-Token"}
    name = credential.replace("_", "-")
    assert shown(learn(PageCache(), headers=strangers, asked=[name])) is None
    cache = learn(PageCache(), headers=strangers)
    assert shown(cache, **{credential: "x"}) is None
    assert shown(cache).body == b"words"
    everybody = learn(PageCache(), asked=["cookie", "authorization"])  # A page has nothing of them.
    assert shown(everybody, **{credential: "x"}).body == b"words"


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_shown_no_longer(status):
    cache = learn(PageCache())
    for passing in (400, 403, 429, 500, 503):  # Of this request, not of the page.
        learn(cache, status=passing, headers={})
    assert shown(cache)

    learn(cache, status=status, headers={"Cache-Control": "private, no-store"})
    assert shown(cache) is None


def test_a_page_that_nobody_asked_for_in_the_hour_before_the_fault_may_have_been_taken_down(monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr(page_cache.time, "monotonic", lambda: now[0])
    other = HOME._replace(path="/other/")
    cache = learn(PageCache())
    now[0] += page_cache.UNASKED - 10
    learn(cache, other)
    assert shown(cache)  # The fault begins,
    for _ in range(400):
        now[0] += 30
        learn(cache, HOME._replace(path="/robots.txt"))  # which needs no database.
        assert shown(cache)  # The fault goes on.

    now[0] += page_cache.QUIET + 1
    learn(cache, other)
    assert shown(cache) is None
    assert shown(cache, other)


def test_a_page_that_is_public_no_longer_is_shown_no_longer():
    private = {"Cache-Control": "private, no-store"}
    cache = learn(PageCache())
    learn(cache, headers=private, asked=["cookie"])  # Somebody's own form of it: strangers still get the page.
    assert shown(cache)

    learn(cache, headers=private)
    assert shown(cache) is None


def test_another_version_replaces_the_page_in_every_encoding():
    cache = learn(PageCache())
    learn(cache, body=gzip.compress(b"words"), ETag='W/"one"', **{"Content-Encoding": "gzip"})
    assert [shown(cache, accept_encoding=coding).body for coding in ("", "gzip")] == [b"words", gzip.compress(b"words")]

    learn(cache, body=gzip.compress(b"newer"), ETag='W/"two"', **{"Content-Encoding": "gzip"})

    _, headers, body, _ = shown(cache)
    assert body == b"newer"
    said = {name.lower(): value for name, value in headers}
    assert (said["etag"], said["content-length"], "content-encoding" in said) == ('"two"', "5", False)


@pytest.mark.parametrize(("etag", "kept"), [('"one"', True), ('W/"one"', True), ('"two"', False)])
def test_a_readers_good_copy_says_whether_ours_is_good(etag, kept, monkeypatch):
    cache = learn(PageCache())
    now = time.monotonic()
    monkeypatch.setattr(page_cache.time, "monotonic", lambda: now + 50)

    learn(cache, status=304, headers={"ETag": etag}, body=b"")

    assert bool(shown(cache)) is kept
    assert not kept or dict(shown(cache).headers)["Age"] == "0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"if_none_match": '"one"'}, 304), ({"if_none_match": 'W/"one-gzip", "x"'}, 304), ({"if_none_match": '"x"'}, 200),
    ({"if_none_match": "*"}, 200), ({"if_modified_since": "Sun, 29 Nov 2026 10:00:00 GMT"}, 304),
    ({"if_modified_since": "Sun, 29 Nov 2026 11:00:00 GMT"}, 200)],
)  # fmt: skip
def test_who_has_the_page_is_told_so(headers, status):
    answer = shown(learn(PageCache(), **{"Last-Modified": "Sun, 29 Nov 2026 10:00:00 GMT"}), **headers)

    assert answer.status == status
    assert answer.body == (b"" if status == 304 else b"words")
    assert dict(answer.headers)["ETag"] == '"one"'
    assert "Age" in dict(answer.headers)


def test_the_bytes_are_bounded_and_made_up_queries_push_out_no_page(monkeypatch):
    monkeypatch.setattr(page_cache, "OVERHEAD", 0)
    cache = PageCache(most=100, most_of_queries=40)
    places = [HOME._replace(path=f"/{number}") for number in range(7)]
    for place in places[:6]:
        learn(cache, place, body=b"x" * 10)
    assert cache.find(places[0])  # Now it is the one that was asked for last.
    learn(cache, places[6], body=b"x" * 10)
    for number in range(50):
        learn(cache, HOME._replace(query=f"page={number}"), body=b"x" * 10)
    learn(cache, places[6], body=b"x" * 10)

    assert [place for place in places if not cache.find(place)] == [places[1]]
    assert cache.size == 100
    monkeypatch.setattr(pages, "LARGEST", 9)
    assert shown(learn(PageCache(), body=b"x" * 10)) is None


def test_hosts_and_schemes_have_pages_of_their_own():
    cache = learn(PageCache())
    assert cache.find(HOME._replace(host="other.example")) is None
    assert cache.find(HOME._replace(is_https=False)) is None


JUNK = "utm_source=mail&fbclid=x&gclid=y&&q=1"


@pytest.mark.parametrize(
    ("path", "query", "counted"),
    [
        ("/", JUNK, ""),
        ("/", f"page=2&{JUNK}", "page=2"),
        ("/", f"{JUNK}&p%61ge=2&p=7", "p%61ge=2&p=7"),
        ("/", "new=12&page=2", "page=2"),
        ("/search/", f"{JUNK}&sort=newest", "q=1&sort=newest"),
        ("/oembed/", "url=/x/&page=2", "url=/x/"),
        ("/feed/", "page=2&q=1", ""),
        ("/2026/11/28/ferry/", "page=2&PAGE=3", "page=2"),
        ("/accounts/login/", JUNK, JUNK),  # no page for everybody
        ("/api/v1/articles/", JUNK, JUNK),
        ("/nothing/at/all/", JUNK, JUNK),
        ("/", "x=%00", "x=%00"),  # Django refuses it.
        ("/", "x=" + "y" * 8_192, "x=" + "y" * 8_192),
        ("/", "&" * 1_000, "&" * 1_000),
    ],
)
def test_of_a_query_that_counts_which_the_page_reads(path, query, counted):
    assert HOME._replace(path=path, query=query).counted == HOME._replace(path=path, query=counted)


def test_made_up_queries_make_no_entries():
    cache = PageCache()
    for number in range(500):
        learn(cache, HOME._replace(query=f"utm_id={number}&x{number}=1"))

    assert cache.size == len(b"words") + page_cache.OVERHEAD
    assert shown(cache, HOME._replace(query="fbclid=another")).body == b"words"
    assert shown(cache, HOME._replace(query="page=2")) is None


def test_a_page_that_is_gone_at_one_of_its_addresses_is_gone_at_all():
    cache = learn(PageCache())

    learn(cache, HOME._replace(query="utm_source=mail"), status=404, headers={})

    assert shown(cache) is None


def test_who_has_just_posted_is_shown_nothing_that_may_be_older():
    cache = learn(PageCache())

    for query in ("new=12", "utm_source=x&new=12", "n%65w=12", "new"):
        assert shown(cache, HOME._replace(query=query)) is None
    assert shown(cache, HOME._replace(query="renew=12"))


def test_where_a_redirect_leads_may_depend_on_the_whole_query():
    cache = learn(PageCache(), HOME._replace(query="x=1"), status=301, Location="/elsewhere/")
    assert cache.size == 0

    learn(cache, status=301, Location="/here/")

    assert shown(cache).status == 301
    assert shown(cache, HOME._replace(query="x=1")) is None
