"""The site behind PgBouncer in transaction mode, with the configuration of deploy/ and Debian's program."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from newsreader.settings import BASE_DIR
from tests import clusters
from tests.clusters import PgBouncer, free_port, servers_folder
from tests.hosts import Host, Process, environment, until
from tests.machines.conftest import DATABASE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(clusters.PGBOUNCER is None, reason="PgBouncer is not installed: apt-get install pgbouncer"),
]

POOL = 4  # connections to PostgreSQL, of the site's sixteen


@pytest.fixture(scope="module")
def pooler(primary):
    with servers_folder() as folder:
        made = PgBouncer(folder, primary, default_pool_size=str(POOL))
        yield made
        made.stop()


@pytest.fixture(scope="module")
def site(pooler, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    env = environment(
        DATABASE_URL=pooler.url("newsreader"),
        DATABASE_POOLER="pgbouncer",
        SITE_URL="http://news.example",
        TRUSTED_PROXY_COUNT="1",
    )
    host = Host(env, "127.0.0.1", free_port(), folder / "log", "--no-worker", "--threads", "16")
    work = Process(env | {"DATABASE_URL": pooler.url("newsreader_work")}, ["work"], folder / "work.log")
    yield host
    host.stop()
    work.stop()


def test_readers_and_writers_share_few_connections(site, primary):
    address = re.search(r'href="(/\d{4}/\d\d/\d\d/[^"]+/)"', site.get("/").text)[1]
    number = re.search(r"/articles/(\d+)/reply/", site.get(address).text)[1]
    most, over = [0], threading.Event()

    def count():
        while not over.wait(0.05):
            rows = primary.ask(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}'")
            most[0] = max(most[0], rows[0][0])

    watch = threading.Thread(target=count)
    watch.start()

    def visit(turn):
        fields = {
            "text": f"Said through a pooler, {turn}.",
            "name": f"N{turn}",
            "email": f"n{turn}@example.org",
            "key": f"k{turn}",
        }
        sent = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": f"192.0.2.{turn}"}
        body = "&".join(f"{name}={value}" for name, value in fields.items()).replace(" ", "+").encode()
        posted = site.ask("POST", f"/articles/{number}/reply/", body, sent)
        while posted.status == 503:  # This machine may have other things to do.
            posted = site.ask("POST", f"/articles/{number}/reply/", body, sent)
        return posted.status, site.get(address).status, site.get("/search/?q=harbour").status, site.get("/").status

    with ThreadPoolExecutor(8) as visitors:
        answers = set(visitors.map(visit, range(24)))
    over.set()
    watch.join()

    assert answers == {(303, 200, 200, 200)}
    assert most[0] <= POOL + 5 + 1  # the web's, the worker's, and who counts
    assert primary.ask("SELECT count(*) FROM comments_comment WHERE body LIKE 'Said through a%'", DATABASE) == [(24,)]
    assert primary.asked("DECLARE ") == 0  # No cursor that outlives its transaction.


def test_the_worker_works_through_it(site):
    until(lambda: site.get("/readyz").status == 200, "no worker")


def test_limits_hold_on_every_connection_and_in_every_transaction(pooler):
    for name, most in {"newsreader": "10s", "newsreader_work": "10min"}.items():
        for _ in range(3):
            with psycopg.connect(pooler.url(name), prepare_threshold=None) as connection:
                for _ in range(3):
                    assert connection.execute("SHOW statement_timeout").fetchone() == (most,)
                    connection.commit()


def test_what_takes_too_long_is_ended(primary):
    with servers_folder() as folder:
        query = "SET lock_timeout = 100; SET statement_timeout = 200; SET idle_in_transaction_session_timeout = 60000"
        pooler = PgBouncer(folder, primary, newsreader=f"host=127.0.0.1 port={primary.port} connect_query='{query}'")
        try:
            connection = psycopg.connect(pooler.url("newsreader"), autocommit=True, prepare_threshold=None)
            with connection, pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(5)")
        finally:
            pooler.stop()


def test_whoever_gets_no_connection_is_told_so_within_five_seconds(site, pooler):
    held = [psycopg.connect(pooler.url("newsreader"), prepare_threshold=None) for _ in range(POOL)]
    try:
        for connection in held:
            connection.execute("SELECT 1")  # and no end of the transaction
        began = time.monotonic()
        assert site.get("/search/?q=asked+for+by+nobody+yet").status == 503  # What has been asked for is at hand.
        assert time.monotonic() - began < 5
    finally:
        for connection in held:
            connection.close()
    until(lambda: site.get("/").status == 200, "it does not recover", 10)


def test_a_pooler_without_limits_is_refused(primary):
    with servers_folder() as folder:
        pooler = PgBouncer(folder, primary, newsreader=f"host=127.0.0.1 port={primary.port}")
        try:
            env = environment(DATABASE_URL=pooler.url("newsreader"), DATABASE_POOLER="pgbouncer")
            for command in ("serve", "work"):
                done = subprocess.run(
                    [sys.executable, "manage.py", command],
                    cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False, timeout=60,
                )  # fmt: skip
                assert done.returncode == 1
                assert done.stderr.startswith("CommandError: DATABASE_POOLER: ")
                assert "statement_timeout" in done.stderr
        finally:
            pooler.stop()
