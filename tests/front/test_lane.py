"""The fast lane without a site around it: who is answered by which statement, and what may be answered at all."""

import asyncio
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from newsreader.front import asker, lane, versions_now
from newsreader.front.answers import Answer
from newsreader.front.asker import Asker
from newsreader.front.page_cache import PageCache
from newsreader.front.pages import Address
from newsreader.kit.depends import COMMENTS, LISTS, SITE, Depends

HEADERS = [("Content-Type", "text/html"), ("ETag", '"one"'), ("Cache-Control", "public, max-age=0, s-maxage=1")]
DEPENDS = Depends(((SITE, 1), (LISTS, 1), (7, 1)), float("inf"))
NOW = {SITE: 1, LISTS: 1, 7: 1}


class Line:
    """A connection whose statements take as long as the test wants."""

    socket = commits = None

    def __init__(self):
        self.version, self.asked, self.goes_on, self.hung_up, self.fault = 1, [], threading.Event(), False, None
        self.begun = threading.Event()
        self.goes_on.set()

    def read(self, ids):
        found = {SITE: self.version}
        self.asked.append(set(ids))
        self.begun.set()
        assert self.goes_on.wait(10)
        if self.fault:
            raise self.fault
        return found

    def state(self):
        return self.commits

    def hang_up(self):
        self.hung_up = True
        self.goes_on.set()

    def close(self):
        pass


def with_asker(act, line, connect=None):
    async def run():
        made = Asker(asyncio.get_running_loop(), connect or (lambda: line))
        try:
            await act(made)
        finally:
            line.goes_on.set()
            made.stop(5)
        assert not made._thread.is_alive()

    with ThreadPoolExecutor(1) as thread:  # In this one a browser's loop may run.
        thread.submit(asyncio.run, run()).result()


async def until(true):
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


def test_whoever_arrives_while_a_statement_runs_is_answered_by_the_next_one():
    line = Line()

    async def act(made):
        line.goes_on.clear()
        first = made.ask((1,))
        await until(line.begun.is_set)
        line.version = 2  # What that statement has read is older than the questions from here on.
        others = [made.ask((number,)) for number in range(2, 50)]
        line.goes_on.set()
        assert (await first)[SITE] == 1
        assert {(await other)[SITE] for other in others} == {2}

    with_asker(act, line)
    assert line.asked == [{1}, set(range(2, 50))]


def test_nobody_waits_for_a_database_that_hangs_and_it_is_hung_up(monkeypatch):
    monkeypatch.setattr(asker, "LIMIT", 0.05)
    line = Line()

    async def act(made):
        line.goes_on.clear()
        first = made.ask((1,))
        await until(line.begun.is_set)
        line.fault = OSError("hung up")
        second = made.ask((2,))
        assert (await first, await second) == (None, None)
        assert line.hung_up
        await until(lambda: not made._stuck)

    with_asker(act, line)


def test_while_it_hangs_nobody_else_is_asked_to_wait(monkeypatch):
    monkeypatch.setattr(asker, "LIMIT", 0.02)
    line = Line()
    line.hang_up = lambda: None  # A disk that stalls: there is nothing to hang up.

    async def act(made):
        line.goes_on.clear()
        assert await made.ask((1,)) is None
        assert made.ask((1,)) is None
        line.goes_on.set()
        await until(lambda: not made._stuck)
        assert await made.ask((1,)) == {SITE: 1}

    with_asker(act, line)


def test_a_database_that_is_down_is_tried_again_at_longer_and_longer_intervals(monkeypatch):
    tries, now, line = [], [1000.0], Line()
    monkeypatch.setattr(asker, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def connect():
        tries.append(now[0])
        if len(tries) < 5:
            raise ConnectionRefusedError
        return line

    async def act(made):
        for _ in range(1000):
            if asked := made.ask((1,)):
                await asked
            now[0] += 0.01
        assert made.ask((1,)) is not None

    with_asker(act, line, connect)
    assert [round(tried - 1000, 1) for tried in tries] == [0.0, 0.0, 0.5, 1.5, 3.5]


def scope(**headers):
    found = {"host": "news.example"} | {name.replace("_", "-"): value for name, value in headers.items()}
    read = type("Headers", (dict,), {"get_all": lambda self, name: [self[name]] if name in self else []})
    return SimpleNamespace(headers=read(found), path="/", query_string="")


HOME = Address.of(scope())


def kept(depends=DEPENDS, asked="identity", headers=HEADERS, status=200, **more):
    cache = PageCache(**more)
    cache.learn(HOME, Answer(status, headers, b"words", depends), frozenset(), asked, "front")
    return cache


def test_a_finished_page_is_answered_with_its_own_bytes_and_headers():
    answer = lane.ready(kept(), scope()).answer

    assert answer == Answer(200, [*HEADERS, ("Cache-Status", "newsreader; hit")], b"words")


def test_what_does_not_say_what_it_depends_on_is_not_in_the_lane():
    assert lane.ready(kept(depends=None), scope()) is None
    assert lane.ready(kept(headers=[*HEADERS, ("Set-Cookie", "a=b")]), scope()) is None
    assert lane.ready(kept(headers=[*HEADERS, ("Vary", "Cookie")]), scope()) is None
    assert lane.ready(kept(headers=[*HEADERS, ("Vary", "Accept-Language")]), scope()) is None
    assert lane.ready(kept(status=301), scope()) is None


def test_an_encoding_or_a_304_that_django_has_not_answered_yet_is_left_to_django():
    cache = kept()
    assert lane.ready(cache, scope(accept_encoding="gzip")) is None
    assert lane.ready(cache, scope(if_none_match='"one"')) is None
    assert lane.ready(cache, scope(if_none_match='"other"')).answer.status == 200

    short = Answer(200, HEADERS, b"words", DEPENDS)  # Too short to be worth it.
    cache.learn(HOME, short, frozenset(), "gzip", "front")
    cache.learn(HOME, Answer(304, HEADERS[1:], b"", DEPENDS), frozenset(), "identity", "front")

    assert lane.ready(cache, scope(accept_encoding="gzip")).answer.body == b"words"
    assert lane.ready(cache, scope(if_none_match='W/"one"')).answer.status == 304
    assert lane.ready(cache, scope(if_none_match="*")) is None


def test_a_304_of_another_version_or_of_nobody_knows_what_is_not_learned():
    cache = kept()
    cache.learn(HOME, Answer(304, HEADERS[1:], b"", None), frozenset(), "identity", "front")
    assert lane.ready(cache, scope(if_none_match='"one"')) is None

    cache.learn(HOME, Answer(304, [("ETag", '"two"')], b"", DEPENDS), frozenset(), "identity", "front")
    assert lane.ready(cache, scope()) is None


def test_another_version_takes_the_finished_answers_of_the_one_before_along():
    cache = kept()
    cache.learn(HOME, Answer(304, HEADERS[1:], b"", DEPENDS), frozenset(), "identity", "front")
    changed = [("ETag", '"two"') if name == "ETag" else (name, value) for name, value in HEADERS]

    cache.learn(HOME, Answer(200, changed, b"others", DEPENDS), frozenset(), "gzip", "front")

    assert lane.ready(cache, scope()) is None
    assert lane.ready(cache, scope(if_none_match='"one"', accept_encoding="gzip")).answer.body == b"others"


def test_after_a_minute_django_is_asked_once_more(monkeypatch):
    cache, now = kept(), time.monotonic()
    monkeypatch.setattr(lane.time, "monotonic", lambda: now + lane.AGAIN + 1)

    assert lane.ready(cache, scope()) is None


@pytest.mark.parametrize("changed", [{SITE: 2}, {LISTS: 2}, {7: 2}, {7: None}])
def test_a_page_holds_while_everything_has_the_same_version(changed):
    assert lane.holds(DEPENDS, NOW)
    assert not lane.holds(DEPENDS, NOW | changed)
    assert not lane.holds(DEPENDS, {})
    assert not lane.holds(Depends(DEPENDS.versions, time.time()), NOW)


def test_what_was_taken_down_while_nobody_asked_is_not_shown_where_django_cannot_answer():
    cache = kept()
    ((address, entry),) = cache.some(10)

    assert not cache.outdated(address, entry, NOW | {LISTS: 2})  # Other articles are new; this one is as it was.
    assert cache.find(HOME)
    assert cache.outdated(address, entry, NOW | {7: 2})
    assert cache.find(HOME) is None
    assert cache.size == 0


def test_what_is_kept_is_looked_through_in_turns():
    cache = PageCache()
    for number in range(5):
        cache.learn(
            HOME._replace(path=f"/{number}/"), Answer(200, HEADERS, b"x", DEPENDS), frozenset(), "identity", "v"
        )
    cache.learn(HOME._replace(path="/rest/"), Answer(200, HEADERS, b"x"), frozenset(), "identity", "v")

    turns = [[address.path for address, _ in cache.some(2)] for _ in range(4)]

    assert turns == [["/0/", "/1/"], ["/2/", "/3/"], ["/4/"], ["/0/", "/1/"]]


# --- What was read is as good while nothing was committed -----------------------------------------------------------


def test_what_was_read_is_answered_at_once_until_there_is_a_commit():
    line = Line()
    line.commits = 1

    async def act(made):
        assert await made.ask(())  # It connects.
        assert made.known((1,)) is None
        assert await made.ask((1,)) == {SITE: 1}
        assert made.known((1,)) == {SITE: 1, 1: None}  # There is no such article.
        assert made.known((2,)) is None
        await made.ask((2,))
        assert made.known((1, 2))[SITE] == 1

        line.commits, line.version = 2, 2
        assert made.known((1,)) is None
        await made.ask((2,))
        assert made.known((2,))[SITE] == 2
        assert made.known((1,)) is None

    with_asker(act, line)


def test_a_commit_while_a_statement_runs_is_not_missed():
    line = Line()
    line.commits = 1

    async def act(made):
        assert await made.ask(())  # It connects.
        line.begun.clear()
        line.goes_on.clear()
        asked = made.ask((1,))
        await until(line.begun.is_set)
        line.commits = line.version = 2  # The statement has begun before: it read the version before.
        line.goes_on.set()
        assert (await asked)[SITE] == 1
        assert made.known((1,)) is None

    with_asker(act, line)


def test_where_the_database_fails_nothing_is_known():
    line = Line()
    line.commits = 1

    async def act(made):
        assert await made.ask(())  # It connects.
        await made.ask((1,))
        line.fault = OSError()
        assert await made.ask((2,)) is None
        assert made.known((1,)) is None

    with_asker(act, line)


def test_what_is_known_is_bounded(monkeypatch):
    monkeypatch.setattr(asker, "MOST_KNOWN", 10)
    line = Line()
    line.commits = 1

    async def act(made):
        assert await made.ask(())  # It connects.
        for number in range(50):
            await made.ask((number,))
            assert made.known((number,))
        assert len(made._known) < 20

    with_asker(act, line)


def a_line(watched):
    line = versions_now.Line.__new__(versions_now.Line)
    line._watched, line._asking, line._database = watched, threading.Lock(), SimpleNamespace(close=lambda: None)
    return line


def test_sqlite_says_at_once_whether_there_was_a_commit_also_while_somebody_writes(tmp_path):
    writer = sqlite3.connect(tmp_path / "site.sqlite3", isolation_level=None)
    assert versions_now._watched(SimpleNamespace(connection=writer)) is None  # Readers wait for who writes.
    writer.executescript("PRAGMA journal_mode = WAL; CREATE TABLE one (number)")
    line = a_line(versions_now._watched(SimpleNamespace(connection=writer)))
    first = line.state()

    writer.executescript("BEGIN EXCLUSIVE; INSERT INTO one VALUES (1)")
    assert line.state() == first
    writer.execute("COMMIT")
    second = line.state()
    assert second != first
    writer.executescript("PRAGMA wal_checkpoint(TRUNCATE); BEGIN; INSERT INTO one VALUES (2); ROLLBACK")
    second = line.state()  # To move pages is no commit, but may look like one.
    assert line.state() == second
    writer.execute("INSERT INTO one VALUES (3)")
    assert line.state() != second
    line.close()
    assert line.state() is None
    writer.close()


def test_what_sqlite_is_asked_by_is_not_closed_while_the_loop_asks():
    asked, answers, order = threading.Event(), threading.Event(), []

    class Watched:
        def execute(self, statement):
            asked.set()
            assert answers.wait(5)
            order.append("answered")
            return SimpleNamespace(fetchall=lambda: [(7,)])

        def close(self):
            order.append("closed")

    line = a_line(Watched())
    with ThreadPoolExecutor(2) as threads:
        state = threads.submit(line.state)
        assert asked.wait(5)
        closed = threads.submit(line.close)  # Where a statement has failed, say: the driver would end the process.
        with pytest.raises(TimeoutError):
            closed.result(0.1)
        answers.set()
        assert state.result(5) == 7
        closed.result(5)

    assert order == ["answered", "closed"]
    assert line.state() is None


# --- A server is asked by the loop ------------------------------------------------------------------------------------


class Distant(Line):
    """A connection to a server, which the test answers for."""

    def __init__(self):
        super().__init__()
        self.here, self.server = socket.socketpair()
        self.here.setblocking(False)
        self.socket = self.here.fileno()
        self.sent = []

    def send(self, wanted):
        if COMMENTS in wanted:
            return False
        self.sent.append(set(wanted))
        self.here.send(b"?")
        return True

    def receive(self):
        if not (heard := self.here.recv(1)):
            self.here.close()  # As PostgreSQL's library does.
            raise ConnectionResetError
        return {SITE: heard[0]}

    def hang_up(self):
        super().hang_up()
        self.here.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.here.close()


def test_a_server_is_connected_to_in_a_thread_and_asked_by_the_loop():
    line = Distant()

    async def act(made):
        assert await made.ask((1,)) == {SITE: 1}
        assert made.known((1,)) is None
        first = made.ask((2,))
        await until(lambda: line.sent)
        others = [made.ask((3,)), made.ask((4,))]
        line.server.send(b"\x05")
        assert await first == {SITE: 5}
        await until(lambda: len(line.sent) == 2)
        line.server.send(b"\x06")
        assert [await other for other in others] == [{SITE: 6}] * 2
        assert await made.ask((COMMENTS,)) == {SITE: 1}  # That takes more than one statement.
        last = made.ask((7,))
        await until(lambda: len(line.sent) == 3)
        line.server.send(b"\x07")
        assert await last == {SITE: 7}

    with_asker(act, line)
    assert (line.asked, line.sent) == ([{1}, {COMMENTS}], [{2}, {3, 4}, {7}])


def test_a_server_that_has_hung_up_is_connected_to_again():
    lines = []

    def connect():
        lines.append(Distant())
        return lines[-1]

    async def act(made):
        assert await made.ask((1,))
        lines[0].server.close()
        await until(lambda: made._broken)  # Nobody was asking.
        assert await made.ask((1,)) == {SITE: 1}
        asked = made.ask((1,))
        await until(lambda: lines[1].sent)
        waiting = made.ask((2,))
        lines[1].server.close()
        assert (await asked, await waiting) == (None, None)

    with_asker(act, Line(), connect)
    assert [line.here.fileno() for line in lines] == [-1, -1]


def test_nobody_waits_for_a_server_that_says_nothing(monkeypatch):
    monkeypatch.setattr(asker, "LIMIT", 0.05)
    line = Distant()

    async def act(made):
        assert await made.ask((1,))
        assert await made.ask((1,)) is None
        assert line.hung_up
        await until(lambda: not made._stuck)

    with_asker(act, line)
