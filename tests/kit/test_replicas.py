"""What is read from a replica, and when a replica is up to date. With a real one: tests.machines.test_replicas."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from articles.models import Article
from newsreader.kit.http_cache import is_for_everybody
from newsreader.kit.replicas import watching
from newsreader.kit.replicas.routing import Router, reading_from
from newsreader.kit.replicas.watching import OLDEST, PAUSE, NotAReplica, Replica
from newsreader.middleware import FromReplica
from tests.factories import make_article

ASK = RequestFactory()


@pytest.fixture
def left_out(monkeypatch):
    """Play a site with one replica that is up to date; return those that are left out since."""
    names = []
    monkeypatch.setattr(watching, "choose", lambda: "replica-1")
    monkeypatch.setattr(watching, "leave_out", names.append)
    return names


def read_from(request, statuses=(200,)):
    """Answer a request with these statuses in turn; return from where each time."""
    databases, answers = [], iter(statuses)

    def view(request):
        databases.append(Router().db_for_read(Article))
        request.seen = True
        return HttpResponse(status=next(answers))

    response = FromReplica(view)(request)
    return databases, response.status_code


@pytest.mark.parametrize(
    "path", ["/", "/2026/11/28/a-slug/", "/comments/7/thread/", "/feed/", "/search/?q=x", "/sitemap.xml"]
)
def test_a_public_page_is_read_from_a_replica(left_out, path):
    assert read_from(ASK.get(path)) == (["replica-1"], 200)
    assert Router().db_for_write(Article) == "default"


def with_cookie(name):
    request = ASK.get("/")
    request.COOKIES[name] = "1"
    return request


@pytest.mark.parametrize(
    "request_",
    [
        ASK.get("/2026/11/28/a-slug/?new=7"),
        ASK.post("/articles/7/reply/"),
        ASK.get("/articles/7/reply/"),
        ASK.get("/articles/7/you/"),
        ASK.get("/comments/7/status/token/"),
        ASK.get("/api/v1/articles/"),
        ASK.get("/admin/"),
        ASK.get("/nothing/here/at/all/"),
        ASK.options("/"),
        with_cookie("known"),
        with_cookie("sessionid"),
    ],
    ids=lambda request: f"{request.method} {request.get_full_path()} {[*request.COOKIES]}",
)
def test_whoever_may_have_written_and_everything_private_is_answered_from_the_primary(left_out, request_):
    assert read_from(request_)[0] == ["default"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_the_replica_does_not_know_is_asked_of_the_primary(left_out, status):
    assert read_from(ASK.get("/"), [status, 200]) == (["replica-1", "default"], 200)
    assert left_out == []


def test_a_replica_that_fails_is_left_out_and_the_page_is_made_again(left_out):
    assert read_from(ASK.get("/"), [503, 200]) == (["replica-1", "default"], 200)
    assert left_out == ["replica-1"]


def test_a_replica_is_not_to_blame_for_what_the_primary_cannot_do_either(left_out):
    assert read_from(ASK.get("/"), [503, 503]) == (["replica-1", "default"], 503)
    assert left_out == []


def test_the_second_attempt_knows_nothing_of_the_first(left_out):
    seen = []

    def view(request):
        seen.append(getattr(request, "seen", False))
        request.seen = True  # As `current_site` keeps the row that it has read.
        return HttpResponse(status=404)

    FromReplica(view)(ASK.get("/"))
    assert seen == [False, False]


def test_the_cache_in_a_table_is_never_read_from_a_replica():
    from django.core.cache.backends.db import Options

    class Entry:
        _meta = Options("cache_entries")

    with reading_from("replica-1"):
        assert Router().db_for_read(Entry) == "default"


def test_what_is_public_and_nothing_else_is_marked(client, db):
    article = make_article()
    at = article.get_absolute_url()
    public = [
        at,
        "/",
        f"{at}feed/",
        "/feed/",
        "/comments/feed/",
        "/search/",
        "/sitemap.xml",
        "/transparency/",
        "/robots.txt",
    ]
    private = ["/accounts/login/", f"/articles/{article.pk}/reply/", f"/articles/{article.pk}/you/", "/healthz"]
    for path in public + private:
        is_public = "public" in client.get(path)["Cache-Control"]
        assert is_for_everybody(resolve(path).func) == is_public == (path in public), path


class Played(Replica):
    """A replica whose positions, and those of its primary, are played; None: it is away."""

    primary: int | None = 1
    replayed: int | None = 1
    is_replica = True

    def _start(self):
        pass

    def _of_primary(self):
        return self.primary or 0

    def _reached(self):
        if self.replayed is None:
            raise OperationalError("gone")
        if not self.is_replica:
            raise NotAReplica("promoted")
        return self.replayed


@pytest.fixture
def replica(monkeypatch):
    """Return a replica and, as `tick`, what lets time pass."""
    made = Played("replica-1")
    made.now = 1000.0
    monkeypatch.setattr(watching.time, "monotonic", lambda: made.now)
    return made


def test_a_replica_is_used_once_it_is_known_to_have_everything(replica):
    assert not replica.is_usable()
    replica.look()
    assert replica.is_usable()


def test_a_replica_that_has_no_more_than_before_is_not_used_for_long(replica):
    replica.look()
    for position in range(2, 6):  # The primary writes on.
        replica.now, replica.primary = replica.now + OLDEST / 3, position
        replica.look()
    assert not replica.is_usable()
    replica.replayed = 5
    replica.look()
    assert replica.is_usable()


def test_a_replica_that_always_is_a_moment_behind_is_used(replica):
    for position in range(2, 9):
        replica.now, replica.primary, replica.replayed = replica.now + 0.2, position, position - 1
        replica.look()
    assert replica.is_usable()


@pytest.mark.parametrize("fault", [{"replayed": None}, {"is_replica": False}])
def test_a_replica_that_is_away_or_promoted_is_left_alone_for_some_seconds(replica, fault):
    replica.look()
    for name, value in fault.items():
        setattr(replica, name, value)
    replica.look()
    assert not replica.is_usable()
    replica.replayed, replica.is_replica = 1, True
    replica.look()
    assert not replica.is_usable()
    replica.now += PAUSE
    replica.look()
    assert replica.is_usable()


def test_while_the_primary_is_away_a_replica_that_was_up_to_date_is_read(replica):
    replica.look()
    replica.primary = None
    for _ in range(20):
        replica.now += 1
        replica.look()
        assert replica.is_usable()


def test_while_the_primary_is_away_a_replica_that_lagged_is_not_read(replica):
    replica.look()
    replica.now, replica.primary = replica.now + 2 * OLDEST, 2
    replica.look()
    replica.primary = None
    replica.now += 1
    replica.look()
    assert not replica.is_usable()
