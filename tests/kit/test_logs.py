"""Lines of the log: JSON with the request's id, without secrets, and not many of malformed requests."""

import io
import json
import logging
import re
import sys
import time

import pytest
from django.core.exceptions import PermissionDenied

from newsreader.kit import log_lines, logs
from newsreader.settings import LOGGING


@pytest.fixture
def log():
    """What the site writes to stderr, as programs read it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(log_lines.formatter(people=False))
    handler.addFilter(logs.Sampled())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
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
    assert line["level"] == "warning"
    assert len(line["event"]) < 400
    assert line["request_id"] == answers[0]["X-Request-ID"]


def test_after_a_minute_the_next_one_says_how_many_there_were(client, db, log, monkeypatch):
    now = 1_000.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    for _ in range(3):
        client.get("/", HTTP_HOST="evil.example")
    client.get("/?q=%00")
    now += logs.EVERY

    client.get("/", HTTP_HOST="evil.example")

    assert log()[0]["event"].startswith("Invalid HTTP_HOST header: 'evil.example'")
    assert len(log()) == 3  # A malformed address is another kind.
    assert log()[-1]["event"].endswith("(2 more like it since the last line)")


def test_what_is_broken_on_our_side_is_logged_in_full(log):
    for _ in range(2):
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("django.request").exception("Internal Server Error")

    assert [line["exception"].splitlines()[-1] for line in log()] == ["ValueError: broken"] * 2


def test_a_refusal_is_not_a_line_of_django_s(client, db, log):
    assert client.get("/comments/1/status/s3cr3t/").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    assert log() == []


def test_a_permission_that_was_missing_elsewhere_is_logged_in_full(log):
    try:
        raise PermissionDenied
    except PermissionDenied:
        logging.getLogger("newsreader.operations.worker").exception("A task failed")

    assert log()[0]["exception"].endswith("PermissionDenied")


def test_no_line_shows_a_secret_address_or_what_a_query_holds(log):
    try:
        raise ValueError("https://news.example/bans/3/s3cr3t/ asked for /search/?q=s3cr3t&page=s3cr3t#x")
    except ValueError:
        logging.getLogger("x").exception("Mail with %s", "http://testserver/comments/7/confirm/s3cr3t/?trip=s3cr3t")

    (line,) = log()
    assert "s3cr3t" not in json.dumps(line)
    assert line["event"] == "Mail with http://testserver/comments/7/confirm/***?trip=***"
    assert "/bans/3/*** asked for /search/?q=***&page=***#x" in line["exception"]


def test_whoever_sits_before_it_reads_plain_lines_that_cannot_steer_a_terminal():
    try:
        raise ValueError("/bans/3/s3cr3t/")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("x", logging.WARNING, "", 0, "The tide is %s", ("\x1b[31mhigh",), error)
    first, *rest = log_lines.formatter(people=True).format(record).splitlines()

    assert first.endswith("] The tide is \\x1b[31mhigh [x]")
    assert rest[-1] == "ValueError: /bans/3/***"


def test_of_many_of_a_kind_a_few_pass_each_minute(monkeypatch):
    now = 1_000.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    rationed = logs.Rationed(2)

    assert [rationed.passes("404") for _ in range(5)] == [0, 0, None, None, None]
    assert rationed.passes("403") == 0
    now += logs.EVERY
    assert [rationed.passes("404") for _ in range(2)] == [3, 0]


def test_the_site_logs_through_it():
    assert LOGGING["handlers"]["console"] == {
        "class": "logging.StreamHandler",
        "formatter": "line",
        "filters": ["sampled"],
    }
    assert LOGGING["filters"]["sampled"]["()"] == f"{logs.__name__}.{logs.Sampled.__name__}"
    assert LOGGING["formatters"]["line"]["()"] == f"{log_lines.__name__}.{log_lines.Lines.__name__}"


SAID = {"method": "GET", "path": '/ä"\\\x01\u2028/', "status": 200, "ms": 0.1, "bytes": 7, "view": "front"}


def about_requests(*lines):
    record = logging.LogRecord("newsreader.front.access", logging.INFO, "", 0, log_lines.REQUEST, None, None)
    record.lines = lines
    return record


def test_the_lines_about_requests_have_the_bytes_that_structlog_would_write():
    formatter = log_lines.formatter(people=False)
    said = [SAID | {"database_ms": 1.0, "statements": 3, "left_out": 2, "request_id": "a-b.1"}, SAID | {"bytes": 0}]
    records = [about_requests() for _ in said]
    for record, line in zip(records, said, strict=True):
        del record.lines
        vars(record).update(line)

    ours = formatter.format(about_requests(*((time.time(), line) for line in said)))
    theirs = "\n".join(formatter.format(record) for record in records)

    at = re.compile(r"20\d\d-\d\d-\d\dT[\d:]{8}(\.\d{6})?Z")
    assert at.sub("", ours) == at.sub("", theirs)
    assert len(at.findall(ours)) == 2
    assert [json.loads(line)["path"] for line in ours.split("\n")] == [SAID["path"]] * 2


def test_a_line_about_a_request_tells_when_that_was_answered():
    line = log_lines.formatter(people=False).format(about_requests((1_700_000_000.25, SAID)))

    assert json.loads(line)["timestamp"] == "2023-11-14T22:13:20.250000Z"


def test_who_reads_along_gets_a_line_for_each_request():
    lines = log_lines.formatter(people=True).format(about_requests((0.0, SAID), (0.0, SAID | {"status": 404})))

    assert [re.search(r"status=(\d+)", line)[1] for line in lines.split("\n")] == ["200", "404"]
