"""Malformed requests fill no log."""

import io
import logging

import pytest

from newsreader.kit import logs
from newsreader.settings import LOGGING


@pytest.fixture
def log():
    """What the site writes to stderr."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter(LOGGING["formatters"]["line"]["format"], style="{"))
    handler.addFilter(logs.Sampled())
    logging.getLogger().addHandler(handler)
    yield lambda: written.getvalue().splitlines()
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/", "evil.example"), ("/api/v1/articles/", "evil.example\r\nX: y"), ("/accounts/login/", "testserver:x"),
        ("/nothing/", "x" * 2_000), ("/", "\x00"), ("/search/", "[::1"),
    ],
)  # fmt: skip
def test_a_wrong_host_is_one_line(client, db, log, host, path):
    answers = [client.get(path, HTTP_HOST=host) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {400}
    (line,) = log()
    assert " WARNING " in line
    assert len(line) < 500


def test_after_a_minute_the_next_one_says_how_many_there_were(client, db, log, monkeypatch):
    now = 1_000.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    for _ in range(3):
        client.get("/", HTTP_HOST="evil.example")
    client.get("/?q=%00")
    now += logs.EVERY

    client.get("/", HTTP_HOST="evil.example")

    assert log()[0].partition(": ")[2].startswith("Invalid HTTP_HOST header: 'evil.example'")
    assert len(log()) == 3  # A malformed address is another kind.
    assert log()[-1].endswith("(2 more like it since the last line)")


def test_what_is_broken_on_our_side_is_logged_in_full(log):
    for _ in range(2):
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("django.request").exception("Internal Server Error")

    assert sum(line.startswith("Traceback") for line in log()) == 2


def test_the_site_logs_through_it():
    assert LOGGING["handlers"]["console"]["filters"] == ["sampled"]
    assert LOGGING["filters"]["sampled"]["()"] == f"{logs.__name__}.{logs.Sampled.__name__}"
