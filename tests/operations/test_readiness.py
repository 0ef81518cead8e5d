"""`/readyz` says which part is away: it tries a write, and asks the cache and for the worker."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.db import DatabaseError, connection

from newsreader.kit.tasks import HEARTBEAT
from newsreader.operations import readiness, schedule
from newsreader.settings import BASE_DIR
from tests.databases import TEMPLATE

OK = (200, {"status": "ok"})


def away(*parts):
    return 503, {"status": "unavailable", "missing": list(parts)}


def told(client):
    readiness.last.forget()
    answer = client.get("/readyz")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.json()


def test_the_site_is_ready_while_a_worker_lives(client, db):
    assert told(client) == away("worker")

    schedule.beat()
    assert told(client) == OK

    cache.set(HEARTBEAT, time.time() - 61)
    assert told(client) == away("worker")
    cache.set(HEARTBEAT, time.time() + 3600)  # The clock was set back; the next sign of life is seconds away.
    assert told(client) == OK
    cache.delete(HEARTBEAT)
    assert told(client) == away("worker")


def test_it_is_not_ready_where_the_cache_fails(client, db, settings):
    nobody = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = settings.CACHES | {"default": nobody}

    assert told(client) == away("cache")
    assert client.get("/healthz").status_code == 200


def test_a_redis_that_is_away_is_told_though_the_site_goes_on_without_it(client, db, settings):
    redis = {
        "BACKEND": "newsreader.kit.steady_cache.SteadyRedis",
        "LOCATION": "redis://127.0.0.1:1",
        "OPTIONS": {"FALLBACK": "table"},
    }
    settings.CACHES = settings.CACHES | {"default": redis}
    schedule.beat()

    assert told(client) == away("cache")


def test_it_is_not_ready_where_the_database_fails_and_names_nothing_else(client, db):
    def fail(*args):
        raise DatabaseError

    with connection.execute_wrapper(fail):
        assert told(client) == away("database")
        assert client.get("/healthz").status_code == 200


def test_a_database_that_only_reads_is_away(client, db):
    schedule.beat()
    told(client)

    def fail(execute, sql, *rest):
        if sql.startswith(("INSERT", "UPDATE")):
            raise DatabaseError("read-only")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        assert told(client) == away("database")


def test_however_often_it_is_asked_it_writes_once_a_second(client, db, django_assert_num_queries):
    told(client)
    with django_assert_num_queries(0):
        for _ in range(5):
            client.get("/readyz")


@pytest.mark.skipif(not site.SQLITE, reason="starts from the suite's own SQLite file")
@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is mounted by root alone")
def test_on_a_full_disk_the_database_is_away(tmp_path, django_db_setup):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        shutil.copyfile(TEMPLATE, disk / "site.sqlite3")
        (disk / "site.sqlite3").chmod(0o600)
        looked = subprocess.run(
            [sys.executable, "-c", LOOK, str(disk)],
            cwd=BASE_DIR,
            env=os.environ
            | {"DATABASE_URL": f"sqlite:///{disk}/site.sqlite3", "DJANGO_SETTINGS_MODULE": "newsreader.settings"},
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
    assert json.loads(looked.stdout) == [[], ["database"], []]


LOOK = """
import json, pathlib, sys
import django; django.setup()
from newsreader.operations import readiness, schedule
schedule.beat()
found, filler = [readiness.look()], pathlib.Path(sys.argv[1], "filler")
with filler.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
found.append(readiness.look())
filler.unlink()
print(json.dumps([*found, readiness.look()]))
"""
