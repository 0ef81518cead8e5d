"""A database that is busy or away: 503 soon, and every word that was typed comes back."""

import gc
import sqlite3
import time
from contextlib import contextmanager
from threading import Thread

import lxml.html
import psycopg
import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import OperationalError, ProgrammingError, connection, connections
from django.test import Client

from newsreader.kit import steady_cache
from newsreader.kit.database_faults import is_away
from newsreader.kit.database_waits import hang_up
from newsreader.kit.steady_cache import SteadyRedis
from tests.factories import make_article, make_comment, make_editor

TEXT = "One line of <b>mine</b>\n\nand another & more"


@contextmanager
def busy():
    """Somebody else holds what a writer needs, and this process waits a moment only."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA busy_timeout = 50")  # milliseconds
        other = sqlite3.connect(name, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        connection.cursor().execute("SET lock_timeout = 50")  # milliseconds
        known = connection.get_connection_params()
        other = psycopg.connect(
            **{part: known[part] for part in ("dbname", "user", "password", "host", "port") if known.get(part)}
        )
        other.execute("LOCK TABLE comments_comment, articles_article IN EXCLUSIVE MODE")
    try:
        yield
    finally:
        other.close()
        connection.close()


@pytest.mark.usefixtures("transactional_db")
def test_whatever_is_posted_while_the_database_is_busy_comes_back_with_503():
    article, client = make_article(), Client()
    comment = make_comment(article)
    editor = Client()
    editor.force_login(make_editor())
    path, form = f"/articles/{article.pk}/reply/", {"text": TEXT, "name": "Ada", "email": "ada@example.org", "key": "k"}

    with busy():
        page = client.post(path, form)
        program = client.post(
            f"/api/v1{path[:-6]}comments/", {"text": TEXT, "name": "Ada"}, content_type="application/json"
        )
        decision = editor.post(
            f"/api/v1/comments/{comment.pk}/decisions/", {"status": "spam"}, content_type="application/json"
        )
        read = client.get(article.get_absolute_url())

    assert read.status_code == 200
    for answer in (page, program, decision):
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) > 0
        assert "no-store" in answer["Cache-Control"]
    assert [program.json()["code"], decision.json()["code"]] == ["busy", "busy"]
    assert 'data-code="busy"' in page.text
    again = form_of(page)
    assert again == form
    assert article.comments.count() == 1
    assert client.post(path, again).status_code == 303


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's cursors wait for nobody")
@pytest.mark.parametrize("is_rest", [False, True])
def test_a_busy_writer_leaves_no_cursor_that_another_thread_would_have_to_free(is_rest):
    """Freeing one waits for its connection: a reader in whose thread garbage is collected would wait with the writer."""
    article, client = make_article(), Client()
    path = f"/api/v1/articles/{article.pk}/comments/" if is_rest else f"/articles/{article.pk}/reply/"
    form = {"text": TEXT, "name": "Ada", "email": "ada@example.org"}
    gc.collect()
    gc.disable()
    try:
        before = cursors()
        with busy():
            kind = {"content_type": "application/json"} if is_rest else {}
            assert client.post(path, form, **kind).status_code == 503
        assert [found for found in cursors() if not any(found is known for known in before)] == []
    finally:
        gc.enable()


def cursors():
    return [found for found in gc.get_objects() if isinstance(found, sqlite3.Cursor)]


def form_of(page):
    form = lxml.html.fromstring(page.content).get_element_by_id("commentform")
    # A browser drops the line break after <textarea>.
    return {name: value.replace("\r\n", "\n").removeprefix("\n") for name, value in form.form_values()}


def test_who_has_waited_too_long_for_a_thread_is_answered_without_the_database():
    """No mark of `django_db`: a question to it would fail the test."""
    client = Client()
    waited = {"newsreader.busy": True}

    page = client.post("/articles/1/reply/", {"text": TEXT, "password": "hidden"}, **waited)
    program = client.post("/api/v1/articles/1/comments/", {"text": TEXT}, content_type="application/json", **waited)

    assert (page.status_code, program.status_code) == (503, 503)
    assert form_of(page) == {"text": TEXT}
    assert program.json()["code"] == "busy"


@pytest.mark.usefixtures("transactional_db")
def test_who_has_waited_for_a_thread_waits_the_less_for_the_database(settings):
    article, client = make_article(), Client()
    settings.WAIT = 30  # seconds
    with busy():
        began = time.monotonic()
        page = client.post(
            f"/articles/{article.pk}/reply/", {"text": TEXT, "name": "Ada"}, **{"newsreader.waited": 4.2}
        )
        took = time.monotonic() - began
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout" if settings.SQLITE else "SHOW lock_timeout")
            (afterwards,) = cursor.fetchone()

    assert (page.status_code, form_of(page)["text"]) == (503, TEXT)
    assert 0.3 < took < 3
    assert afterwards in {30_000, "30s"}


@pytest.mark.parametrize(
    ("code", "away"), [(sqlite3.SQLITE_BUSY, True), (sqlite3.SQLITE_FULL, True), (sqlite3.SQLITE_READONLY, True),
    (sqlite3.SQLITE_ERROR, False), (261, True)],
)  # fmt: skip
def test_a_wrong_question_is_not_taken_for_a_database_that_is_away(code, away):
    fault = OperationalError("x")
    fault.__cause__ = cause = sqlite3.OperationalError("x")
    cause.sqlite_errorcode = code

    assert is_away(fault) is away
    assert not is_away(ProgrammingError("x"))
    assert not is_away(ValueError("x"))
    assert is_away(OperationalError("no answer"))


@pytest.mark.parametrize(
    ("kind", "away"),
    [(psycopg.errors.LockNotAvailable, True), (psycopg.errors.DiskFull, True), (psycopg.errors.AdminShutdown, True),
    (psycopg.errors.ReadOnlySqlTransaction, True), (psycopg.errors.UndefinedTable, False)],
)  # fmt: skip
def test_the_server_s_own_codes_say_what_is_away(kind, away):
    fault = ProgrammingError("x")
    fault.__cause__ = kind("x")

    assert is_away(fault) is away


@pytest.mark.ci_postgresql
@pytest.mark.skipif(settings.SQLITE, reason="SQLite has no server that could hang")
@pytest.mark.usefixtures("transactional_db")
def test_a_question_to_a_server_that_hangs_is_ended_from_another_thread():
    def ask():
        try:
            asking.append(connections["default"])
            with connection.cursor() as cursor:
                asking.append(cursor.connection)
                cursor.execute("SELECT pg_sleep(60)")
        except OperationalError as error:
            faults.append(error)
        finally:
            connection.close()

    asking, faults = [], []
    thread = Thread(target=ask)
    thread.start()
    while len(asking) < 2 or asking[1].pgconn.transaction_status != psycopg.pq.TransactionStatus.ACTIVE:
        time.sleep(0.01)
    hang_up(asking[0])
    thread.join(10)

    assert [is_away(fault) for fault in faults] == [True]


def test_redis_that_is_away_is_asked_once_and_stood_in_for(monkeypatch):
    asked, now = [], [0.0]
    monkeypatch.setattr(steady_cache.time, "monotonic", lambda: now[0])
    options = {"OPTIONS": {"FALLBACK": "requests", "socket_connect_timeout": 0.5}, "KEY_PREFIX": "x"}
    away, of_another_thread = (SteadyRedis("redis://127.0.0.1:1/0", dict(options)) for _ in range(2))
    for cache in (away, of_another_thread):
        client = cache._cache.get_client
        monkeypatch.setattr(
            cache._cache, "get_client", lambda *key, client=client, **write: asked.append(key) or client(*key, **write)
        )

    away.set("a", 1)
    assert away.add("b", 0)
    assert away.incr("b") == 1
    assert away.get_many(["a", "b"]) == {"a": 1, "b": 1}
    assert of_another_thread.get("a") == 1
    assert len(asked) == 1
    now[0] += steady_cache.PAUSE
    assert away.get("a") == 1
    assert len(asked) == 2
    assert caches["requests"].get("a") == 1
