"""The public article page through a real shared cache: nginx as newsrooms put it in front."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client

from tests.factories import make_article, make_comment, make_editor, make_user

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.slow]
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
CONFIGURATION = """
daemon off; pid {home}/pid; error_log {home}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  proxy_cache_path {home}/cache keys_zone=pages:1m inactive=1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {site};
      proxy_set_header Host $http_host;
      proxy_cache pages;
      proxy_cache_key $request_uri;
      proxy_cache_valid any 0s;
      add_header X-Cache $upstream_cache_status always;
    }}
    location /api/ {{
      proxy_pass {site};
      proxy_set_header Host $http_host;
      proxy_set_header Accept-Encoding "";
      gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json;
    }}
  }}
}}
"""


@pytest.fixture
def cache(live_server: Any, tmp_path: Path) -> Iterator[str]:
    """The site's address behind nginx."""
    if not NGINX:
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed. Debian, Ubuntu: apt-get install nginx-light")
        pytest.skip("nginx is not installed. Debian, Ubuntu: apt-get install nginx-light")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = tmp_path / "nginx.conf"
    file.write_text(CONFIGURATION.format(home=tmp_path, port=port, site=live_server.url))
    tmp_path.chmod(0o755)
    process = subprocess.Popen(
        [NGINX, "-c", str(file), "-p", str(tmp_path), "-g", "user root;" if os.geteuid() == 0 else ""]
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=10)


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
    for address in (f"/articles/{article.pk}/you/", f"/articles/{article.pk}/reply/", "/accounts/login/"):
        for session in (grace, stranger, grace):
            answer = session.get(cache + address, allow_redirects=False)
            assert answer.headers["X-Cache"] in {"MISS", "BYPASS", "EXPIRED"}, address
            if "accounts" not in address:
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
