"""A CDN, played by a server on loopback, is told what to drop, and its copies are marked accordingly."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from articles import page_versions, publishing
from articles.models import Purge
from comments.moderation import decide
from newsreader import settings as site_settings
from newsreader.kit import cdn
from newsreader.kit.cdn import Cloudflare, Fastly, PurgeFailed
from newsreader.operations import purging
from newsreader.operations.purging import AGAIN, purge_due
from tests.factories import make_article, make_comment


class _Cdn(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def played(settings, monkeypatch):
    """A CDN that has been asked what `asked` says, and answers with `status`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cdn)
    server.asked, server.status = [], 200
    server.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.CDN = Fastly("secret", server.base, "SU1Z0isxPaozGVKXdv0eY")
    monkeypatch.setattr(purging, "_not_before", float("-inf"))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def keys(played):
    """Return what it was asked to drop, each time."""
    return [set(body["surrogate_keys"]) for _, _, body in played.asked]


def test_an_approved_comment_has_its_pages_dropped(db, played):
    comment = make_comment(status="pending")
    Purge.objects.all().delete()

    decide(comment.pk, "approved")
    purge_due()

    ((path, headers, _),) = played.asked
    assert path == "/service/SU1Z0isxPaozGVKXdv0eY/purge"
    assert headers["Fastly-Key"] == "secret"
    assert keys(played) == [{f"article-{comment.article_id}", "comments"}]


def test_a_withdrawn_article_has_lists_dropped_too(db, played):
    article = make_article()
    Purge.objects.all().delete()

    publishing.withdraw(article.pk)
    purge_due()

    assert keys(played) == [{f"article-{article.pk}", "comments", "lists"}]


def test_what_is_on_every_page_has_everything_dropped(db, played):
    article = make_article()
    page_versions.bump([article.pk])
    page_versions.bump_site()
    purge_due()
    assert keys(played) == [{"site"}]


def test_everything_is_dropped_again_for_a_page_that_was_being_made_meanwhile(db, played):
    page_versions.bump([make_article().pk])
    purge_due()
    first = len(played.asked)
    purge_due()
    assert len(played.asked) == first
    Purge.objects.update(due_at=timezone.now() - AGAIN)
    purge_due()
    assert keys(played)[first:] == keys(played)[:first]
    assert not Purge.objects.exists()


def test_what_was_rolled_back_drops_nothing(db, played):
    article = make_article()
    Purge.objects.all().delete()
    with transaction.atomic():
        page_versions.bump([article.pk])
        transaction.set_rollback(True)
    purge_due()
    assert played.asked == []


def test_a_cdn_that_fails_is_asked_again_later_and_nothing_is_forgotten(db, played, monkeypatch):
    page_versions.bump([make_article().pk])
    played.status = 429
    assert purge_due() == 0
    played.status = 200
    assert purge_due() == 0  # It is left alone for a moment.
    assert len(played.asked) == 1
    monkeypatch.setattr(purging, "_not_before", float("-inf"))
    assert purge_due() > 0
    assert keys(played)[0] == keys(played)[1]


def test_many_keys_go_in_batches_and_very_many_are_the_whole_site(db, played, monkeypatch):
    Purge.objects.bulk_create([Purge(key=f"article-{pk}") for pk in range(300)])
    purge_due()
    assert [len(some) for some in keys(played)] == [256, 44]

    played.asked.clear()
    monkeypatch.setattr(purging, "MOST", 200)
    Purge.objects.all().update(due_at=timezone.now())
    purge_due()
    assert keys(played) == [{"site"}]
    assert not Purge.objects.filter(due_at__lte=timezone.now()).exists()


def test_cloudflare_is_asked_in_its_own_form(played):
    cdn.purge(Cloudflare("secret", played.base, "023e105f4ecef8ad9ca31a8372d0c353"), ["article-7", "comments"])
    ((path, headers, body),) = played.asked
    assert path == "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache"
    assert headers["Authorization"] == "Bearer secret"
    assert body == {"tags": ["article-7", "comments"]}


def test_a_cdn_that_is_silent_or_away_costs_seconds(monkeypatch):
    monkeypatch.setattr(cdn, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(PurgeFailed):
            cdn.purge(Fastly("t", base, "s"), ["site"])
        assert time.monotonic() - began < 2
    with pytest.raises(PurgeFailed):
        cdn.purge(Fastly("t", base, "s"), ["site"])


def test_without_a_cdn_nothing_is_marked_and_nothing_noted(db, client):
    article = make_article()
    page_versions.bump([article.pk])
    answer = client.get(article.get_absolute_url())
    assert not {"Surrogate-Key", "Surrogate-Control", "Cache-Tag"} & set(answer.headers)
    assert not Purge.objects.exists()


def test_every_page_that_a_cdn_keeps_is_dropped_with_the_articles_it_shows(db, client, settings):
    settings.CDN, settings.CDN_SECONDS = Fastly("t", "https://cdn.example", "s"), 3600
    article = make_article(headline="A Headline Like No Other")
    comment = make_comment(article=article, status="approved")
    at = article.get_absolute_url()
    shown = 0
    for path in ("/", at, f"{at}feed/", "/feed/", "/feed/atom/", "/comments/feed/", f"/comments/{comment.pk}/thread/",
                 "/sitemap.xml", "/news-sitemap.xml", "/search/?q=headline", "/transparency/", "/robots.txt"):  # fmt: skip
        answer = client.get(path)
        assert answer["Cache-Control"] == "public, max-age=0, s-maxage=1"
        if "Surrogate-Control" in answer:
            assert answer["Surrogate-Control"] == "max-age=3600"
            tags = answer["Surrogate-Key"].split()
            assert "site" in tags
            if article.headline in answer.text:
                assert f"article-{article.pk}" in tags
                shown += 1
            again = client.get(path, HTTP_IF_NONE_MATCH=answer["ETag"])
            assert again.status_code == 304
            assert again["Surrogate-Key"] == answer["Surrogate-Key"]
    assert shown == 7


def test_private_pages_are_never_marked(db, client, settings):
    settings.CDN, settings.CDN_SECONDS = Cloudflare("t", "https://cdn.example", "s"), 60
    article = make_article()
    assert client.get(article.get_absolute_url())["Cache-Tag"] == f"site,article-{article.pk}"
    assert client.get(article.get_absolute_url())["Cloudflare-CDN-Cache-Control"] == "public, max-age=60"
    for path in (f"/articles/{article.pk}/reply/", f"/articles/{article.pk}/you/", "/accounts/login/", "/nothing/"):
        answer = client.get(path)
        assert not {"Cache-Tag", "Cloudflare-CDN-Cache-Control"} & set(answer.headers)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("fastly://t%2F1@SU1Z0isxPaozGVKXdv0eY", "https://api.fastly.com/service/SU1Z0isxPaozGVKXdv0eY/purge"),
        ("cloudflare://t@023e10", "https://api.cloudflare.com/client/v4/zones/023e10/purge_cache"),
        ("fastly+http://t@127.0.0.1:8161/S1", "http://127.0.0.1:8161/service/S1/purge"),
    ],
)
def test_a_cdn_is_one_address(text, address):
    found = site_settings.content_network(text)
    assert found.request(["site"]).address == address
    assert "token" not in repr(found)  # Where settings are shown, it is not.


@pytest.mark.parametrize(
    "text",
    [
        "https://api.fastly.com",
        "fastly://SU1Z0",
        "fastly://@SU1Z0",
        "fastly://t@a/b",
        "akamai://t@x",
        "fastly+http://t@203.0.113.7/S1",
    ],
)
def test_any_other_address_of_a_cdn_is_refused(text):
    with pytest.raises((ValueError, KeyError, ImproperlyConfigured)):
        site_settings.content_network(text)
