"""Pages at addresses without a date; and the addresses that tell whether the site is alive, and whether it is ready."""

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection

from newsreader.kit.tasks import HEARTBEAT
from newsreader.operations import schedule
from tests.factories import make_article

pytestmark = pytest.mark.django_db


def test_only_a_page_has_an_address_without_a_date(client):
    page, article = make_article(kind="page", slug="imprint"), make_article(slug="harbour")
    make_article(kind="page", slug="privacy", state="draft")

    assert page.get_absolute_url() == "/pages/imprint/"
    assert page.headline in client.get("/pages/imprint/").content.decode()
    assert client.get("/pages/harbour/").status_code == 404
    assert client.get(article.get_absolute_url()).status_code == 200
    assert client.get("/pages/privacy/").status_code == 404


def told(client) -> tuple[int, dict]:
    answer = client.get("/readyz")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.json()


def test_the_site_is_ready_while_a_worker_lives(client):
    assert told(client) == (503, {"status": "unavailable", "missing": ["worker"]})

    schedule.beat()
    assert told(client) == (200, {"status": "ok"})

    cache.delete(HEARTBEAT)
    assert told(client) == (503, {"status": "unavailable", "missing": ["worker"]})


def test_it_is_not_ready_where_the_cache_fails(client, settings):
    nobody = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = settings.CACHES | {"default": nobody}

    assert told(client) == (503, {"status": "unavailable", "missing": ["cache"]})
    assert client.get("/healthz").status_code == 200


def test_it_is_not_ready_where_the_database_fails_and_names_nothing_else(client):
    def fail(*args):
        raise DatabaseError

    with connection.execute_wrapper(fail):
        assert told(client) == (503, {"status": "unavailable", "missing": ["database"]})
        assert client.get("/healthz").status_code == 200
