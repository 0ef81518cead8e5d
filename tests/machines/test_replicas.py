"""Public pages are read from a streaming replica of PostgreSQL while it is up to date, and from the primary else."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests.clusters import free_port
from tests.hosts import Host, environment, until
from tests.machines.conftest import DATABASE

pytestmark = [pytest.mark.slow, pytest.mark.long]

READ = 'SELECT "'  # how what Django reads begins


@pytest.fixture(scope="module")
def replica(primary):
    server = primary.replica(primary.folder.parent / "replica")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(primary, replica, tmp_path_factory):
    env = environment(
        DATABASE_URL=primary.url(DATABASE),
        DATABASE_REPLICA_URLS=replica.url(DATABASE),
        SITE_URL="http://news.example",
    )
    host = Host(env, "127.0.0.1", free_port(), tmp_path_factory.mktemp("site") / "log", "--no-worker")
    yield host
    host.stop()


@pytest.fixture(scope="module")
def address(site):
    return re.search(r'href="(/\d{4}/\d\d/\d\d/[^"]+/)"', site.get("/").text)[1]


def reads(site, server, path, times=5, cookies=None):
    """Return how many queries of Django's the server is asked while this page is read."""
    before = server.asked(READ)
    for _ in range(times):
        assert site.get(path, cookies).status == 200
    return server.asked(READ) - before


def settled(site, replica, address):
    """Wait until pages come from the replica."""
    until(lambda: reads(site, replica, address, 1) > 0, "the replica is not used", 15)


def headline(primary, address, words):
    """Change a headline, and what is on every page, on the primary."""
    slug = address.strip("/").split("/")[-1]
    counted = "page_version = page_version + 1"
    primary.ask(f"UPDATE articles_article SET headline = '{words}', {counted} WHERE slug = '{slug}'", DATABASE)
    primary.ask(f"UPDATE articles_section SET name = '{words}'; UPDATE articles_site SET {counted}", DATABASE)


def test_pages_come_from_the_replica_and_everything_else_from_the_primary(site, primary, replica, address):
    settled(site, replica, address)

    assert reads(site, primary, address) == 0
    assert reads(site, primary, "/") == 0
    assert reads(site, primary, "/search/?q=harbour") == 0
    assert reads(site, replica, f"{address}?new=1") == 0
    assert reads(site, replica, address, cookies={"known": "1"}) == 0
    assert reads(site, replica, address, cookies={"sessionid": "x" * 32}) == 0
    assert reads(site, replica, "/api/v1/articles/") == 0


def test_a_change_is_on_a_page_that_is_reloaded_a_second_later_however_far_the_replica_lags(
    site, primary, replica, address
):
    settled(site, replica, address)
    for words, ask in {"Lagging": "SELECT pg_wal_replay_pause()", "Following": "SELECT pg_wal_replay_resume()"}.items():
        replica.ask(ask)
        for turn in range(3):
            headline(primary, address, f"{words} {turn}")
            until_then = time.monotonic() + 1
            while time.monotonic() < until_then:  # Readers meanwhile must not keep the old page under a new version.
                assert site.get(address).status == 200
            assert site.get(address).text.count(f"{words} {turn}") > 1
    settled(site, replica, address)
    assert "Following 2" in site.get(address).text


def test_a_page_that_the_replica_does_not_know_yet_is_found(site, primary, replica, address):
    settled(site, replica, address)
    replica.ask("SELECT pg_wal_replay_pause()")
    try:
        new = "a-slug-that-is-new"
        old = address.strip("/").split("/")[-1]
        primary.ask(f"UPDATE articles_article SET slug = '{new}' WHERE slug = '{old}'", DATABASE)
        assert site.get(address.replace(old, new)).status == 200
        primary.ask(f"UPDATE articles_article SET slug = '{old}' WHERE slug = '{new}'", DATABASE)
    finally:
        replica.ask("SELECT pg_wal_replay_resume()")


def longest(site, address, seconds):
    """Read a page for so long; return the longest time that one took. Each is answered."""
    until_then, taken = time.monotonic() + seconds, []
    while time.monotonic() < until_then:
        answer = site.get(address)
        assert answer.status == 200
        taken.append(answer.seconds)
    return max(taken)


def test_a_replica_that_ends_costs_nobody_a_page_and_is_used_again_when_it_is_back(site, primary, replica, address):
    settled(site, replica, address)
    replica.stop()
    try:
        assert longest(site, address, 4) < 1.5
    finally:
        replica.start()
    settled(site, replica, address)


def test_a_replica_that_is_stopped_costs_a_page_two_seconds(site, primary, replica, address):
    settled(site, replica, address)
    replica.signal(signal.SIGSTOP)
    try:
        assert longest(site, address, 6) < 3
    finally:
        replica.signal(signal.SIGCONT)
    settled(site, replica, address)


def test_reading_goes_on_while_the_primary_is_away(site, primary, replica, address):
    settled(site, replica, address)
    primary.stop()
    try:
        assert longest(site, address, 3) < 1.5
        number = re.search(r"/articles/(\d+)/reply/", site.get(address).text)[1]
        answer = site.post(
            f"/articles/{number}/reply/", {"text": "Nothing of this is lost.", "name": "N", "email": "n@example.org"}
        )
        assert answer.status == 503
        assert "Nothing of this is lost." in answer.text
    finally:
        primary.start()
    until(lambda: site.get("/readyz").status in {200, 503} and site.get(f"{address}?new=1").status == 200, "back")
    settled(site, replica, address)
