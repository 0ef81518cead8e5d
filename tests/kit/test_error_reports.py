"""SENTRY_DSN: what breaks is reported, and nothing of whom it happened to."""

import gzip
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import brotli
import pytest

from newsreader.settings import BASE_DIR

BREAK = """
import logging
import django; django.setup()
from django.test import Client
from django.urls import path
from newsreader import urls
from newsreader.kit import tracing

def broken(request):
    secret = token = request.GET["q"]
    raise RuntimeError(f"broken at /bans/3/{token}/?q={token}")

urls.urlpatterns.append(path("api/broken/", broken))
client = Client(raise_request_exception=False)
assert client.get("/api/nothing/").status_code == 404
assert client.get("/api/nothing/", HTTP_HOST="evil.example").status_code == 400
assert client.get("/api/broken/?q=s3cr3t", HTTP_COOKIE="sessionid=s3cr3t", REMOTE_ADDR="203.0.113.7").status_code == 500
"""


@pytest.fixture
def collector():
    """A server that speaks enough of the protocol; `.got` is what it was sent."""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            encoding = self.headers.get("Content-Encoding", "")
            self.server.got.append(
                {"gzip": gzip.decompress, "br": brotli.decompress}.get(encoding, bytes)(body).decode()
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.got = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_error_is_reported_once_without_request_variables_or_secrets(collector):
    dsn = f"http://key@127.0.0.1:{collector.server_port}/7"
    done = subprocess.run(
        [sys.executable, "-c", BREAK],
        cwd=BASE_DIR,
        env=os.environ | {"SENTRY_DSN": dsn, "DJANGO_SETTINGS_MODULE": "newsreader.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    (report,) = [got for got in collector.got if '"event"' in got]
    assert "RuntimeError" in report
    assert "broken at /bans/3/***?q=***" in report
    assert '"request_id"' in report
    assert "s3cr3t" not in report.replace("secret = token", "")
    assert "203.0.113.7" not in report
