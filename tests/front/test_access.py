"""Requests as the log and `/metrics` tell of them, of a site with two web processes."""

import json
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from newsreader.kit import metrics_folder
from tests import nginx
from tests.front.test_front import PATIENCE, Site, request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ci_sqlite,
    pytest.mark.skipif(not settings.SQLITE, reason="starts from the suite's own SQLite file"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory, django_db_setup):
    folder = tmp_path_factory.mktemp("front")
    made = Site(folder, "--processes", "2", demonstration=False, METRICS_NETWORKS="127.0.0.1/32")
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(PATIENCE)


def lines(site, *words):
    """Return the lines about requests that hold these words; they are written a moment after the answer."""
    until = time.monotonic() + 10
    found = []
    while not found and time.monotonic() < until:
        time.sleep(0.05)
        written = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
        found = [line for line in written if all(word in line.values() for word in words)]
    return found


def field(answer, name):
    found = re.search(rf"^{name}: (.+?)\r$", answer.partition(b"\r\n\r\n")[0].decode(), re.IGNORECASE | re.MULTILINE)
    return found and found[1]


def counted(site):
    time.sleep(0.3)  # A request is counted once its answer has gone.
    status, answer, _ = site.get("/metrics")
    assert status == 200
    families = text_string_to_metric_families(answer.partition(b"\r\n\r\n")[2].decode())
    return {(sample.name, *sorted(sample.labels.values())): sample.value for f in families for sample in f.samples}


def test_a_request_is_one_line_of_json_without_address_query_or_secret(site):
    site.get("/comments/1/status/s3cr3t-of-a-reader/?q=s3cr3t", "X-Forwarded-For: 203.0.113.7", "User-Agent: s3cr3t")

    (line,) = lines(site, "comment-status")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/comments/1/status/***", 404)
    assert line["ms"] > 0 < line["bytes"]
    assert line["statements"] > 0 < line["database_ms"]
    assert not re.search(r"s3cr3t|203\.0\.113", site.log.read_text())


def test_a_sound_id_of_the_proxy_is_in_the_answer_in_the_document_and_in_the_log(site):
    _, answer, _ = site.get("/api/v1/articles/999999/", "X-Request-ID: from-the-proxy.1")
    assert field(answer, "x-request-id") == "from-the-proxy.1"
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["request_id"] == "from-the-proxy.1"
    assert lines(site, "from-the-proxy.1")

    for unsound in ("short", "x" * 65, "two words", 'quote"d-words'):
        _, answer, _ = site.get("/api/v1/articles/999999/", f"X-Request-ID: {unsound}")
        assert re.fullmatch(r"[0-9a-f]{32}", field(answer, "x-request-id"))


@pytest.mark.skipif(not nginx.PROGRAM and not os.environ.get("CI"), reason=nginx.MISSING)
def test_nginx_names_requests_itself_whatever_the_peer_says(site, tmp_path):
    with nginx.running(tmp_path, f"127.0.0.1:{site.port}") as port:
        answer = requests.get(
            f"http://127.0.0.1:{port}/api/v1/articles/999999/", headers={"X-Request-ID": "from-a-reader"}, timeout=10
        )
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert lines(site, answer.headers["X-Request-ID"])


def test_answers_that_a_shared_cache_keeps_carry_no_id(site):
    for path in ("/", "/static/site.css", "/robots.txt", "/healthz"):
        status, answer, _ = site.get(path, "X-Request-ID: from-the-proxy.2")
        assert (status, field(answer, "x-request-id")) == (200, None)
    assert field(site.get("/", "X-Request-ID: from-the-proxy.3")[1], "content-type").startswith("text/html")
    assert [line["view"] for line in lines(site, "from-the-proxy.3")] == ["front"]


def test_refusals_of_one_kind_are_logged_a_few_times_a_minute_and_all_counted(site):
    before = counted(site).get(("newsreader_requests_total", "404", "GET", "tag"), 0)
    for number in range(50):
        site.get(f"/tags/nothing-{number}/")

    assert counted(site)["newsreader_requests_total", "404", "GET", "tag"] == before + 50
    assert 20 <= len(lines(site, "tag", 404)) <= 40  # Twenty in each of two processes.


def test_the_processes_count_together_and_one_that_dies_takes_nothing_along(site):
    def asked():
        return counted(site).get(("newsreader_requests_total", "200", "GET", "robots"), 0)

    before = asked()
    for _ in range(20):
        site.get("/robots.txt")
    assert [asked() for _ in range(4)] == [before + 20] * 4  # Whichever process answers.

    counting = holders(folder(site))
    assert len(counting) == 3  # The server too, which the two web processes were forked from.
    web = max(counting)
    os.kill(web, signal.SIGKILL)
    until = time.monotonic() + PATIENCE
    while len(holders(folder(site)) - {web}) < 3:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert [asked() for _ in range(4)] == [before + 20] * 4
    assert len(list(folder(site).glob("counter_*.db"))) == 3  # The new one took the place of the dead.


def test_whoever_watches_a_host_asks_for_it_by_its_own_address(site):
    asked = "GET {} HTTP/1.1\r\nHost: 10.0.0.11:8000\r\nConnection: close\r\n\r\n"
    assert [site.ask(asked.format(path).encode())[0] for path in ("/metrics", "/readyz", "/")] == [200, 503, 400]


def test_a_method_that_nobody_knows_is_no_series_of_its_own(site):
    for method in ("BREW", "PROPFIND"):
        site.ask(request(method, "/robots.txt"))
    assert {labels[2] for labels in counted(site) if labels[0] == "newsreader_requests_total" and "405" in labels} <= {
        "GET", "HEAD", "POST", "other",
    }  # fmt: skip


def processes():
    return [place for place in Path("/proc").iterdir() if place.name.isdigit()]


def folder(site):
    """Return where the site's processes count: `serve` owns it."""
    files = (file.readlink() for file in Path(f"/proc/{site.process.pid}/fd").iterdir())
    return next(file.parent for file in files if file.name == metrics_folder.OWNER)


def holders(folder):
    """Return the processes that have a place in the folder."""
    found = set()
    for process in processes():
        with suppress(OSError):
            if {file.readlink() for file in (process / "fd").iterdir()} & set(folder.glob("[0-9]*.lock")):
                found.add(int(process.name))
    return found


def test_its_folder_is_in_memory_and_gone_at_the_end(site):
    place = folder(site)
    assert place.parent == metrics_folder.MEMORY
    assert place.stat().st_mode & 0o777 == 0o700

    site.process.terminate()
    assert site.process.wait(PATIENCE) == 0
    assert not place.exists()
