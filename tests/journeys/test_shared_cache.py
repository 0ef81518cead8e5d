"""The public article page through a real shared cache: nginx with the configuration of `deploy/`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client

from comments.models import ConnectionData
from tests import nginx
from tests.factories import make_article, make_comment, make_editor, make_user

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.slow]
TOLD = "add_header X-Cache $upstream_cache_status always;"  # whether an answer was a kept one
# Whoever has nginx compress instead of the site.
COMPRESSING = {
    "gzip off;": "gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json;"
    ' proxy_set_header Accept-Encoding "";'
}


@pytest.fixture
def cache(live_server: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The site's address behind nginx."""
    if not nginx.PROGRAM:
        if os.environ.get("CI"):
            pytest.fail(nginx.MISSING)
        pytest.skip(nginx.MISSING)
    tmp_path.chmod(0o755)
    site = live_server.url.removeprefix("http://")
    with nginx.running(tmp_path, site, more=TOLD, instead=getattr(request, "param", None)) as port:
        yield f"http://127.0.0.1:{port}"


def visitor(user: Any = None) -> requests.Session:
    session = requests.Session()
    if user:
        client = Client()
        client.force_login(user)
        session.cookies.set("sessionid", client.cookies["sessionid"].value)
        session.cookies.set("known", "1")
    return session


def test_two_visitors_one_of_them_signed_in_share_one_copy_of_an_article(cache):
    article = make_article()
    make_comment(article, text="Said before.")
    grace, stranger = visitor(make_user("grace")), visitor()

    first = grace.get(cache + article.get_absolute_url())
    second = stranger.get(cache + article.get_absolute_url())

    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert first.content == second.content
    assert "Set-Cookie" not in first.headers
    assert b"grace" not in first.content


def test_what_is_personal_is_kept_by_no_cache(cache):
    article = make_article()
    grace, stranger = visitor(make_user("grace", name="Grace H.")), visitor()
    own, anybodys = f"/articles/{article.pk}/", f"/comments/{make_comment(article).pk}/flag/"
    for address in (f"{own}you/", f"{own}reply/", "/accounts/login/", anybodys, "/nothing-here/"):
        for session in (grace, stranger, grace):
            answer = session.get(cache + address, allow_redirects=False)
            assert answer.headers.get("X-Cache") in {None, "MISS", "BYPASS", "EXPIRED"}, address
            if address.startswith(own):
                assert ("Grace H." in answer.text) == (session is grace)


def test_an_approved_comment_is_there_when_the_copy_is_a_second_old(cache):
    article = make_article()
    stranger = visitor()
    first = stranger.get(cache + article.get_absolute_url())
    assert "s-maxage=1" in first.headers["Cache-Control"]  # seconds
    make_comment(article, text="Fresh from the desk.")
    answers = (stranger.get(cache + article.get_absolute_url()) for _ in range(20_000))
    fresh = next(answer for answer in answers if answer.headers["X-Cache"] != "HIT")
    assert "Fresh from the desk." in fresh.text


@pytest.mark.parametrize("cache", [COMPRESSING], indirect=True, ids=["compressing"])
def test_an_etag_that_nginx_has_weakened_by_compressing_is_the_same_version(cache):
    article, editor = f"{cache}/api/v1/articles/{make_article().pk}/", visitor(make_editor())
    editor.headers["X-CSRFToken"] = editor.get(f"{cache}/api/v1/me/").json()["csrf_token"]
    read = editor.get(article)
    same = {"If-Match": read.headers["ETag"]}

    copy = editor.get(article, headers={"If-None-Match": read.headers["ETag"]})
    first = editor.patch(article, json={"headline": "By one"}, headers=same)
    second = editor.patch(article, json={"headline": "By another"}, headers=same)

    assert (read.headers["Content-Encoding"], read.headers["ETag"][:2]) == ("gzip", "W/")
    assert (copy.status_code, first.status_code, second.status_code) == (304, 200, 412)
    assert editor.get(article).json()["headline"] == "By one"


def test_a_peer_cannot_say_that_it_is_another(live_server, cache, settings):
    """Neither by the header that nginx sets, nor by one that reads the same to Django."""
    settings.TRUSTED_PROXY_COUNT = settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    headers = {"X-Forwarded-For": "9.9.9.2", "X_Forwarded_For": "9.9.9.3"}
    article = make_article()
    reply = {"text": "From here.", "name": "Ada", "email": "ada@example.org"}

    requests.post(f"{cache}/articles/{article.pk}/reply/", data=reply, headers=headers, timeout=10)

    assert set(ConnectionData.objects.values_list("address", flat=True)) == {"127.0.0.1"}
