"""The site as `manage.py serve` runs it, while its PostgreSQL is down or hangs: who reads is served."""

import re
import time
from contextlib import contextmanager, suppress

import psycopg
import pytest
from django.conf import settings

from tests.databases import TEMPLATE, drop_database, on_the_server
from tests.front.relay import Relay
from tests.front.test_front import PATIENCE, Site, request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ci_postgresql,
    pytest.mark.skipif(settings.SQLITE, reason="SQLite is never away: its file stays open"),
]

NAME = f"{TEMPLATE}_away"
LISTS = ["/", "/feed/", "/sitemap.xml", "/api/v1/articles/"]


@pytest.fixture(scope="module")
def relay():
    known = settings.DATABASES["default"]
    made = Relay((known["HOST"] or "127.0.0.1", int(known["PORT"] or 5432)))
    yield made
    made.cut()


@pytest.fixture(scope="module")
def site(tmp_path_factory, django_db_setup, relay):
    drop_database(NAME)
    on_the_server(f'CREATE DATABASE "{NAME}" TEMPLATE "{TEMPLATE}"')
    known = settings.DATABASES["default"]
    account = f"{known['USER']}:{known['PASSWORD']}@" if known["USER"] else ""
    made = Site(tmp_path_factory.mktemp("away"), url=f"postgres://{account}127.0.0.1:{relay.port}/{NAME}")
    yield made
    relay.restore()
    made.process.terminate()
    made.process.wait(PATIENCE)
    drop_database(NAME)


def on_the_database(statement):
    known = settings.DATABASES["default"]
    parts = {"dbname": NAME, "host": known["HOST"], "port": known["PORT"], "user": known["USER"]}
    with psycopg.connect(**{k: v for k, v in parts.items() if v}, password=known["PASSWORD"], autocommit=True) as one:
        one.execute(statement)


def age(answer):
    found = re.search(rb"\r\nage: (\d+)\r\n", answer)
    return int(found[1]) if found else None


def words(answer):
    return answer.partition(b"\r\n\r\n")[2]


def read(site, path, *headers, method="GET"):
    """Return status, age and words."""
    status, answer, _ = site.ask(request(method, path, *headers))
    return status, age(answer), words(answer)


def is_fresh(site, paths):
    for _ in range(100):
        with suppress(OSError):
            if all(read(site, path)[:2] == (200, None) for path in paths):
                return True
        time.sleep(0.1)
    return False


@contextmanager
def away(how, relay):
    how()
    try:
        yield
    finally:
        relay.restore()


def test_while_the_database_is_down_readers_get_the_last_good_answer_and_it_is_new_again_afterwards(site, relay):
    listed = site.get("/api/v1/articles/")[1].decode()
    article, withdrawn = re.findall(r'"url":\s*"[^"]*?(/\d{4}/\d\d/\d\d/[^"/]+/)"', listed)[:2]
    private = [f"/articles/{site.article}/reply/", "/accounts/login/", f"/articles/{site.article}/you/"]
    single = f"/api/v1/articles/{site.article}/"
    public = [*LISTS, article, f"{article}feed/"]
    others = [*private, withdrawn, single]
    before = {path: read(site, path) for path in public}
    assert {found[:2] for found in before.values()} == {(200, None)}
    assert {path: read(site, path)[0] for path in others} == dict.fromkeys(others, 200)
    etag = re.search(rb'etag: ("[^"]+")', site.get(article)[1])[1].decode()
    slug = withdrawn.split("/")[-2]
    changes = "state = 'withdrawn', page_version = page_version + 1"
    on_the_database(f"UPDATE articles_article SET {changes} WHERE slug = '{slug}'")
    assert read(site, withdrawn)[0] == 410
    assert read(site, article)[0] == 200

    with away(relay.cut, relay):
        for path in public:
            status, seconds, found = read(site, path, "Cookie: sessionid=somebody; known=1")
            assert (status, seconds is not None, found) == (200, True, before[path][2]), path
        assert read(site, article, "Accept-Encoding: gzip")[:2] == (200, age(site.get(article)[1]))
        assert read(site, article, f"If-None-Match: {etag}")[0] == 304
        assert read(site, article, method="HEAD")[::2] == (200, b"")
        for path in [*private, withdrawn, "/pages/never-asked/"]:
            status, answer, _ = site.get(path)
            assert (status, b"retry-after" in answer, b'data-code="busy"' in answer) == (503, True, True), path
            assert age(answer) is None
        assert read(site, single)[0] == 200
        assert read(site, single, "Cookie: sessionid=somebody")[0] == 503
        status, answer, took = site.ask(site.reply(text="Words in the storm"))
        assert (status, b"Words in the storm" in answer, took < 5) == (503, True, True)

    assert is_fresh(site, public)
    assert read(site, withdrawn)[0] == 410
    assert site.ask(site.reply())[0] == 303


def test_what_was_taken_down_while_nobody_asked_for_it_is_not_shown_while_the_database_is_down(site, relay):
    listed = site.get("/api/v1/articles/")[1].decode()
    paths = re.findall(r'"url":\s*"[^"]*?(/\d{4}/\d\d/\d\d/[^"/]+/)"', listed)[-2:]
    assert is_fresh(site, paths)
    slug = paths[1].split("/")[-2]
    changes = "state = 'withdrawn', page_version = page_version + 1"
    on_the_database(f"UPDATE articles_article SET {changes} WHERE slug = '{slug}'")
    time.sleep(4)  # Every page that is kept is looked after every second or two; nobody asks for this one.

    with away(relay.cut, relay):
        assert [read(site, path)[0] for path in paths] == [200, 503]

    assert is_fresh(site, LISTS)


def is_in_front(site, path):
    """Wait until a page is answered in front of Django: versions are asked for again after a pause."""
    until = time.monotonic() + 20
    while b"cache-status: newsreader; hit\r\n" not in site.get(path)[1]:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def test_while_the_database_hangs_no_reader_waits_and_the_process_stays(site, relay):
    assert is_fresh(site, LISTS)
    assert is_in_front(site, "/")
    process = site.get("/healthz")[0], site.log.read_text().count("replaced")
    with away(relay.freeze, relay):
        for turn in range(12):
            status, answer, took = site.get(LISTS[turn % len(LISTS)])
            assert (status, age(answer) is not None) == (200, True)
            assert took < 2.5
        status, _, took = site.get("/accounts/login/")  # All threads are stuck by now.
        assert (status, took < 6) == (503, True)
        status, answer, took = site.ask(site.reply(text="Words in the fog"))
        assert (status, b"Words in the fog" in answer, took < 6) == (503, True, True)

    assert is_fresh(site, LISTS)
    assert (site.get("/healthz")[0], site.log.read_text().count("replaced")) == process
    assert is_in_front(site, "/")
