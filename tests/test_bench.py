"""`make bench`: what it sends, counts, compares and loads. What it measures is nobody's to test."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat

import pytest
from django.db import connection

from newsreader.mailing.models import Letter
from newsreader.settings import BASE_DIR
from tests.bench import copies
from tests.bench.speed import data, load, peers, processes, table
from tests.bench.speed.load import Request
from tests.bench.speed.measure import rounds


class Answering(BaseHTTPRequestHandler):
    """Answers 200 with a length, `/chunked` in pieces, `/304` and `/500` with that status; a POST with 302."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status = {"/304": 304, "/500": 500}.get(self.path, 200)
        self.send_response(status)
        self.send_header("ETag", f'"{self.path}"')
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")
        elif status == 304:
            self.end_headers()
        else:
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(302)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(
    "request_",
    [
        Request("/"),
        Request("/chunked"),
        Request("/304", expect=(304,)),
        Request("/", "POST", (("X-More", "y"),), b"text=1", (302,)),
    ],
    ids=lambda request: f"{request.method} {request.path}",
)
def test_every_answer_is_read_whole_and_counted_once(port, request_):
    answers = load.run(port, repeat(request_, 7), 2, 5)

    assert (answers.right, answers.wrong, len(answers.times)) == (7, Counter(), 7)


def test_an_answer_of_another_status_is_wrong(port):
    answers = load.run(port, repeat(Request("/500"), 3), 1, 5)

    assert (answers.right, answers.wrong) == (0, {"/500: 500": 3})


def test_something_changes_before_each_request(port):
    changes = []

    answers = load.run(port, repeat(Request("/"), 4), 1, 5, lambda: changes.append(1))

    assert len(changes) == answers.right == 4
    assert answers.etags == (b'"/"', b'"/"')


def test_a_process_s_time_and_memory_are_known():
    before = processes.used(processes.family(os.getpid()))
    assert sum(number * number for number in range(300_000))

    assert 1 < processes.between(before, processes.used([os.getpid()])) < 60_000
    assert processes.memory([os.getpid()]) > 10


def test_without_the_shared_folder_threads_have_the_same_shape(tmp_path):
    file = tmp_path / "data.jsonl"

    data.write(file, [40, 400], 3)

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    comments = [line for line in lines if line["type"] == "comment"]
    assert [line["slug"] for line in lines if line["type"] == "article"] == [f"article-{n}" for n in range(1, 6)]
    assert Counter(line["article"] for line in comments)[2] == 400
    assert {line["depth"] for line in comments} == {0, 1, 2, 3, 4}
    known = {None}
    for line in comments:
        assert line["parent"] in known
        assert (line["parent"] is None) == (line["root"] == line["id"]) == (line["depth"] == 0)
        known.add(line["id"])
    assert 300 < sum(len(line["text"]) for line in comments) / len(comments) < 500


def a_run(ms, unit=2.0, site="SQLite, here"):
    found = {"ms": ms, "worker_ms": None, "rate": 9, "p50": 1, "p99": 2, "bytes": 9, "shown": 0, "wrong": {}}
    return {
        "data": "d", "when": "now", "unit": unit, "rows": {"feed": {site: found}}, "limits": {},
        "sites": {"memory idle, MiB": {site: 100.0}}, "says": {"feed": "feed"}, "goals": {"feed": [0.06, 0.12]}, "limit_of": {"feed": "constant"},
        "machine": "2 processors",
    }  # fmt: skip


@pytest.mark.parametrize(("ms", "unit", "worse"), [(10, 2, False), (11.9, 2, False), (12.1, 2, True), (20, 4, False)])
def test_a_row_is_worse_where_it_costs_more_units_than_before(ms, unit, worse):
    assert bool(table.worse(a_run(ms, unit), a_run(10), 20)) is worse


def test_the_short_table_has_a_column_for_each_system_and_the_limit_beside_them():
    run = a_run(10)
    run["rows"]["feed"]["WordPress"] = run["rows"]["feed"]["SQLite, here"] | {"ms": 50, "rate": 1234, "at_least": True}
    run["limits"] = {"constant": {"SQLite, here": run["rows"]["feed"]["SQLite, here"] | {"ms": 1}}}

    lines = table.short(run).splitlines()

    assert lines[0] == "| units, answers a second | SQLite | WordPress | limit of the machine |"
    assert lines[2] == "| feed | 5.00, 9 | 25.00, ≥ 1,234 | 0.50, 9 |"
    assert "| memory idle, MiB | 100.00 |  | ≤ 150 |" in lines


def test_another_commit_is_compared_within_one_run():
    both = a_run(10)
    both["rows"]["feed"]["SQLite, abc"] = both["rows"]["feed"]["SQLite, here"] | {"ms": 5}

    now, before = table.beside(both, "abc")

    assert table.worse(now, before, 20) == ["feed on SQLite: 5.00, before 2.50"]
    assert "| feed | SQLite | 2.50 | 5.00 | +100 % |" in table.changes(now, before)


def test_the_last_run_over_the_same_data_is_found(tmp_path):
    for number, kind in enumerate(("d", "d", "other")):
        (tmp_path / f"run-{number}.json").write_text(json.dumps(a_run(number) | {"data": kind}))

    assert table.last(tmp_path, "d")["rows"]["feed"]["SQLite, here"]["ms"] == 1
    assert table.last(tmp_path, "nothing") is None


@pytest.mark.parametrize("stored", [True, False])
def test_another_system_is_measured_where_a_file_describes_it(tmp_path, port, stored):
    file, counted = tmp_path / "peers.json", tmp_path / "counted"
    post = {"path": "/post", "bodies": ["under=1&comment={text}", "under=2&comment={text}"], "expect": [302]}
    mixed = {"page": "/", "body": "under=2&comment={text}"}
    counted.write_text("7")
    more = {} if stored else {"stored": ["cat", str(counted)]}  # The stand-in stores nothing.
    given = {"name": "WordPress", "port": port, "pids": [], "pages": {"50": "/"}, "rest": "/", "post": post}
    file.write_text(json.dumps([given | {"mixed": mixed} | more]))
    (peer,) = peers.of(file)
    lost = set() if stored else {"post", "post-16"}

    found = rounds({row.name: [(row, peer)] for row in peer.rows()}, [], 0.1, 1, lambda _: None)

    assert set(found) == {"article-50", "rest-comments", "post", "post-16", "mixed-16"}
    for name, figures in found.items():
        told = figures["WordPress"].medians()
        assert told["rate"] > 0
        if stored or name != "mixed-16":  # In so short a round there may be no post among them.
            assert set(told["wrong"]) == ({"accepted, not stored"} if name in lost else set())
    assert peers.of(tmp_path / "none.json") == []


@pytest.mark.long
def test_the_command_measures_and_prints(tmp_path):
    arguments = [
        "--quick",
        "--sqlite",
        "--only",
        "article-50",
        "--only",
        "post-held",
        "--rounds",
        "1",
        "--seconds",
        "0.2",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.speed", *arguments],
        cwd=BASE_DIR,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "| article-50: article page, 50 comments, made anew | SQLite, here |" in done.stdout
    assert "template over 50 comments: the unit" in done.stdout


@pytest.mark.django_db
@pytest.mark.ci_both
def test_a_row_is_copied_many_times_with_values_of_its_own():
    first = Letter.objects.create(name="mail_alarm", address="ada@example.org", number=7)

    copies.many(first, 1_000, address="'reader' || (n % 10) || '@example.net'")

    made = Letter.objects.exclude(pk=first.pk)
    assert (made.count(), set(made.values_list("number", flat=True))) == (1_000, {7})
    assert made.filter(address="reader3@example.net").count() == 100
    last = made.latest("pk").pk
    assert Letter.objects.create(name="mail_alarm", address="bob@example.org").pk > last
    with connection.cursor() as cursor:
        assert {"letter_given_up"} <= set(connection.introspection.get_constraints(cursor, Letter._meta.db_table))
