"""The site as `manage.py serve` runs it, over real sockets: clients that are slow, hostile, or many."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from django.conf import settings

from newsreader import request_limits
from newsreader.settings import BASE_DIR
from tests import nginx
from tests.databases import TEMPLATE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ci_sqlite,
    pytest.mark.skipif(not settings.SQLITE, reason="starts from the suite's own SQLite file"),
]

PATIENCE = 90  # seconds for the site to start or to stop on a busy machine
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # more than buffers hold
FORM = "application/x-www-form-urlencoded"
guests = count(1)


class Site:
    def __init__(self, folder, *options, url="", demonstration=True, **values):
        """Serve an SQLite file of its own, or the database of a URL. `options` are of `serve`, `values` settings."""
        options = options or ("--processes", "1")
        if demonstration:
            options = ("--prepare", *options)
        self.database = folder / "site.sqlite3"
        if not url:
            shutil.copyfile(TEMPLATE, self.database)
            self.database.chmod(0o600)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        environment = kept | {
            "ENV_FILES": "",
            "SECRET_KEY": "s" * 50,
            "DEMO_PASSWORD": "open-sesame",
            "PORT": str(self.port),
            "DATABASE_URL": url or f"sqlite:///{self.database}",
            "TRUSTED_PROXY_COUNT": "1",
            "STAFF_SECOND_FACTOR": "off",
            **values,
        }
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--no-worker", *options],
                cwd=BASE_DIR,
                env=environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE
        while b"Ctrl-C" not in self.log.read_bytes() or self.get("/healthz")[0] != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(self.log.read_text())
            time.sleep(0.1)
        self.article = ""
        if demonstration:
            self.article = re.search(rb'"id":\s*(\d+)', self.get("/api/v1/articles/")[1])[1].decode()

    def open(self, begin=b"", *, takes=None, timeout=20):
        """Connect and send; `takes`: how many bytes the client's own buffer holds."""
        line = socket.socket()
        if takes:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
        line.settimeout(timeout)
        line.connect(("127.0.0.1", self.port))
        line.sendall(begin)
        return line

    def ask(self, data, timeout=20):
        """Send a whole request; return the status (0: none came), the answer, and the seconds it took."""
        began = time.monotonic()
        with self.open(timeout=timeout) as line, suppress(OSError):
            with suppress(OSError):  # It may have been refused before it was sent.
                line.sendall(data)
            status, answer = finish(line)
            return status, answer, time.monotonic() - began
        return 0, b"", time.monotonic() - began

    def get(self, path, *headers):
        try:
            return self.ask(request("GET", path, *headers))
        except OSError:
            return 0, b"", 0.0

    def reply(self, *, text="", network=""):
        """Return a whole reply by a guest, one of many: of a network of their own, in words of their own."""
        number = next(guests)
        body = urlencode({"text": text or f"Tide {number}", "name": "Ann", "email": f"ann{number}@example.org"})
        hop = network or f"10.{number}.0.1"
        return request("POST", f"/articles/{self.article}/reply/", f"X-Forwarded-For: {hop}", body=body)

    def addresses_of(self, text):
        with closing(sqlite3.connect(self.database, timeout=20)) as database:
            return database.execute(
                "SELECT address FROM comments_connectiondata JOIN comments_comment ON id = comment_id WHERE body = ?",
                [text],
            ).fetchall()


def request(method, path, *headers, body=""):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if body:
        lines += [f"Content-Type: {FORM}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body]).encode()


def finish(line):
    answer = b""
    while data := line.recv(1 << 16):
        answer += data
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return (int(found[1]) if found else 0), answer


def at_once(site, requests):
    """Send all requests, each from a client of its own. Returns the answers in the same order."""
    with ThreadPoolExecutor(len(requests)) as clients:
        return list(clients.map(site.ask, requests))


def come_until_refused(site):
    """Ask again and again, on connections of one request. Returns the statuses until nobody is let in."""
    statuses = []
    while True:
        try:
            statuses.append(site.ask(request("GET", "/healthz"))[0])
        except ConnectionRefusedError:
            return statuses


@pytest.fixture(scope="module")
def site(tmp_path_factory, django_db_setup):
    made = Site(tmp_path_factory.mktemp("front"))
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(PATIENCE)


def test_however_many_send_or_read_slowly_all_others_are_answered_at_once(site):
    head, end = site.reply(text="Half of it").split(b"\r\n\r\n")
    bodies = [site.open(head + b"\r\n\r\n" + end[:9]) for _ in range(4)]
    for path in ("/healthz", "/"):
        assert site.get(path)[0] == 200  # Four held every thread once.
    bodies += [site.open(head + b"\r\n\r\n" + end[:9]) for _ in range(96)]
    heads = [site.open(b"GET / HTTP/1.1\r\nHost: loc") for _ in range(100)]
    readers = [site.open(request("GET", LARGE), takes=4096) for _ in range(100)]
    began = time.monotonic()

    for path in ("/healthz", "/", LARGE) * 2:
        status, _, took = site.get(path)
        assert (status, took < 2) == (200, True), path
    assert site.ask(site.reply())[0] == 303

    for line in (bodies[0], bodies[-1]):
        status, answer = finish(line)
        assert status == 408
        assert b"body_too_slow" in answer
    assert finish(heads[0])[0] in {0, 408}
    assert 8 < time.monotonic() - began < 18
    status, whole = finish(readers[-1])  # Whoever reads slowly gets all of it in the end.
    assert (status, len(whole) > 1_000_000) == (200, True)
    for line in (*bodies, *heads, *readers):
        line.close()


def test_what_is_too_large_is_refused_before_it_is_sent(site):
    start = [f"POST /articles/{site.article}/reply/ HTTP/1.1", "Host: localhost", f"Content-Type: {FORM}"]
    for path, length in ((start[0], 5_000_000), ("POST /accounts/login/ HTTP/1.1", 70_000)):
        head = "\r\n".join([path, *start[1:], "Expect: 100-continue", f"Content-Length: {length}", "", ""])
        status, answer, took = site.ask(head.encode())
        assert (status, b"body_too_large" in answer, took < 5) == (413, True, True)
    start = f"POST /api/v1/articles/{site.article}/comments/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    status, answer, _ = site.ask(f"{start}5000000\r\n\r\n".encode())
    assert (status, b"application/problem+json" in answer, b'"body_too_large"' in answer) == (413, True, True)
    assert site.get("/", "X-Long: " + "x" * 300_000)[0] == 431


def test_who_sends_on_what_is_refused_gets_the_refusal_and_no_reset(site):
    size = 5_000_000
    head = "\r\n".join([f"POST /articles/{site.article}/reply/ HTTP/1.1", "Host: localhost", "Connection: close", ""])
    for length, status in ((f"Content-Length: {size}", 413), ("Transfer-Encoding: chunked", 411)):
        with site.open(f"{head}{length}\r\n\r\n".encode()) as line:
            line.sendall(f"{size:x}\r\n".encode() + b"x" * size if status == 411 else b"x" * size)  # It does not read.
            assert finish(line)[0] == status


@pytest.mark.parametrize(
    ("path", "status"),
    [("/caf%E9/", 404), ("/caf%E9", 404), ("/pages/%ED%A0%80/", 404), ("/media/%E9.jpg", 404), ("/caf\u00e9/", 404),
    ("/search/?q=\u0448", 200), ("/\u0448?page=\u0448", 404), ("/search/?q=%E9", 200)],
)  # fmt: skip
def test_an_address_of_other_bytes_is_just_another_address(site, path, status):
    assert site.get(path)[0] == status


@pytest.mark.skipif(not nginx.PROGRAM and not os.environ.get("CI"), reason=nginx.MISSING)
def test_what_nginx_does_not_take_is_refused_in_the_site_s_own_words(site, tmp_path):
    tmp_path.chmod(0o755)
    with nginx.running(tmp_path, f"127.0.0.1:{site.port}") as port:
        address, large = f"http://127.0.0.1:{port}", "x" * (request_limits.largest_body("/") + 1)
        over_rest = requests.post(f"{address}/api/v1/articles/{site.article}/comments/", json=large, timeout=20)
        in_chunks = iter([large.encode()])
        chunked = requests.post(f"{address}/articles/{site.article}/reply/", data=in_chunks, timeout=20)
        signing_in = requests.post(f"{address}/accounts/login/", data="x" * (request_limits.SIGN_IN + 1), timeout=20)

    assert (over_rest.status_code, over_rest.json()["code"]) == (413, "body_too_large")
    for page in (chunked, signing_in):
        assert (page.status_code, "body_too_large" in page.text) == (413, True)


def test_a_large_body_arrives_whole(site):
    """Beyond what is kept in memory it waits in a file: the form is read, and refused for what is in it."""
    body = urlencode({"text": "x" * 20_000}) + "&more=" + "y" * 3_000_000
    status, answer, _ = site.ask(request("POST", f"/articles/{site.article}/reply/", body=body), timeout=60)

    assert status in {403, 413, 422}, answer[:300]
    assert b"body_too" not in answer


def test_only_staff_send_large_bodies_to_the_newsroom_and_others_are_refused_before_they_have_sent_one(site):
    newsroom, address, size = requests.Session(), f"http://127.0.0.1:{site.port}", 20_000_000

    def token(page):
        return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]

    def announced(session):
        """Say how long the body will be and send none of it; return what comes back within the time of a picture."""
        cookies = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
        head = f"POST /admin/articles/picture/add/ HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n"
        with site.open(f"{head}Content-Length: {size}\r\n\r\n".encode(), timeout=4) as line:
            try:
                return finish(line)
            except TimeoutError:
                return 0, b"it waits for the body"

    status, answer = announced(newsroom)
    assert (status, b"body_too_large" in answer, b"Only staff" in answer) == (413, True, True)
    odd = b"POST /admin/ HTTP/1.1\r\nHost: localhost\r\nCookie: uploads=\xff:\xfe:x; sessionid=\xff\r\n"
    assert site.ask(odd + b"Content-Length: 20000000\r\n\r\n")[0] in {400, 413}
    typed = {
        "login": "editor",
        "password": "open-sesame",
        "csrfmiddlewaretoken": token(newsroom.get(f"{address}/accounts/login/", timeout=20)),
    }
    assert newsroom.post(f"{address}/accounts/login/", typed, timeout=20).status_code == 200
    form = newsroom.get(f"{address}/admin/articles/picture/add/", timeout=20)
    assert announced(newsroom) == (0, b"it waits for the body")

    sent = {"csrfmiddlewaretoken": token(form), "more": "y" * size}
    whole = newsroom.post(f"{address}/admin/articles/picture/add/", sent, timeout=60)
    assert "body_too" not in whole.text

    kept = dict(newsroom.cookies)
    newsroom.post(f"{address}/accounts/logout/", {"csrfmiddlewaretoken": token(form)}, timeout=20)
    assert "uploads" not in newsroom.cookies
    newsroom.cookies.set("uploads", kept["uploads"])
    assert announced(newsroom)[0] == 413  # Of another session it is worth nothing.


def test_a_body_that_ends_too_soon_is_not_taken_for_a_whole_one(site):
    head, end = site.reply(text="Half a reply").split(b"\r\n\r\n")
    with site.open(head + b"\r\n\r\n" + end[:-5]) as line:
        line.shutdown(socket.SHUT_WR)
        assert finish(line)[0] == 400
    chunked = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert site.ask(chunked.encode())[0] == 411  # Of such a body nobody could say whether it is whole.
    assert site.addresses_of("Half a reply") == []


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_header_with_an_underscore_is_not_the_proxys(site, place):
    whole = site.reply(text=f"Forged {place}", network="192.0.2.7")
    line, forged = b"X-Forwarded-For: 192.0.2.7\r\n", b"X_Forwarded_For: 9.9.9.2\r\n"
    assert site.ask(whole.replace(line, forged + line if place == "before" else line + forged))[0] == 303

    assert site.addresses_of(f"Forged {place}") == [("192.0.2.7",)]


def test_files_ranges_heads_and_requests_in_a_row_are_answered_as_by_any_server(site):
    _, whole, _ = site.get(LARGE)
    file = whole.partition(b"\r\n\r\n")[2]
    assert f"content-length: {len(file)}".encode() in whole[:2000]
    for first, last in ((5, 14), (9, 400_000)):
        status, part, _ = site.get(LARGE, f"Range: bytes={first}-{last}")
        assert (status, part.partition(b"\r\n\r\n")[2]) == (206, file[first : last + 1])
        assert f"content-range: bytes {first}-{last}/{len(file)}".encode() in part
    status, head, _ = site.ask(request("HEAD", LARGE))
    assert (status, head.endswith(b"\r\n\r\n")) == (200, True)
    assert f"content-length: {len(file)}".encode() in head
    etag = re.search(rb'etag: ("[^"]+")', site.get("/")[1])[1].decode()
    assert site.get("/", f"If-None-Match: {etag}")[0] == 304
    status, old, _ = site.ask(b"GET /robots.txt HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert (status, b"User-agent" in old) == (200, True)
    row = b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n" + request("GET", "/healthz")
    _, both, _ = site.ask(row)
    assert both.index(b"User-agent") < both.index(b'{"status": "ok"}')


def test_forty_replies_at_once_are_all_taken(site):
    answers = at_once(site, [site.reply() for _ in range(40)])

    assert [status for status, _, _ in answers] == [303] * 40


def test_while_nobody_can_write_readers_do_not_wait_and_every_writer_has_an_answer_within_five_seconds(site):
    with closing(sqlite3.connect(site.database, isolation_level=None, timeout=20)) as database:
        database.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as others:
            writers = others.submit(at_once, site, [site.reply(text=f"Kept words {n}") for n in range(12)])
            readers = []
            while not writers.done():
                readers.append(site.get("/"))
                time.sleep(0.2)
        database.execute("ROLLBACK")

    for number, (status, answer, took) in enumerate(writers.result()):
        assert (status, took < 6) == (503, True)
        assert b"Kept words %d" % number in answer
        assert b"retry-after" in answer
    assert len(readers) > 5
    assert all(status == 200 and took < 1.5 for status, _, took in readers)
    assert site.ask(site.reply())[0] == 303


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.mark.long
@pytest.mark.skipif(not FAKETIME and not os.environ.get("CI"), reason="needs libfaketime (apt-get install faketime)")
def test_a_clock_that_is_set_back_by_an_hour_locks_nobody_out(tmp_path, django_db_setup):
    clock = tmp_path / "clock"
    clock.write_text("+0")
    faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    site = Site(tmp_path, **faked)
    try:
        statuses = [site.ask(site.reply(network="192.0.2.9"))[0] for _ in range(4)]
        clock.write_text("-1h")
        after = [site.ask(site.reply(network="192.0.2.9")) for _ in range(2)]
        date = site.get("/healthz")[0], site.get("/")[0]
    finally:
        site.process.terminate()
        site.process.wait(PATIENCE)

    assert statuses == [303, 303, 303, 429]
    assert [status for status, _, _ in after] == [303, 429]
    assert b"retry-after: 15\r\n" in after[1][1].lower()  # 3569 once
    assert date == (200, 200)


def test_at_sigterm_everything_that_was_asked_is_answered(site):
    head, end = site.reply(text="The last of all").split(b"\r\n\r\n")
    late = site.open(head + b"\r\n\r\n" + end[:9])
    kept = site.open(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b" 200 " in kept.recv(1 << 16)
    with ThreadPoolExecutor(8) as clients:
        comers = [clients.submit(come_until_refused, site) for _ in range(8)]
        asked = [site.open(request("GET", "/")) for _ in range(12)] + [site.open(site.reply()) for _ in range(6)]
        began = time.monotonic()

        site.process.terminate()
        time.sleep(0.5)
        late.sendall(end[9:])
        kept.sendall(request("GET", "/healthz").replace(b"Connection: close\r\n", b""))

        assert [finish(line)[0] for line in asked] == [200] * 12 + [303] * 6
        assert finish(late)[0] == 303
        status, answer = finish(kept)
        assert status == 200
        assert b"\r\nconnection: close\r\n" in answer.lower()
        came = [status for comer in comers for status in comer.result()]
    assert set(came) <= {200, 0}
    assert came.count(0) <= 1  # Who connects between the last look at the socket and its end (decision 27).
    assert len(came) > 20  # A busy machine lets few come within the half second.
    for line in (late, kept, *asked):
        line.close()
    assert site.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 15
    assert len(site.addresses_of("The last of all")) == 1
