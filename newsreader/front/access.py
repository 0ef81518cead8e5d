"""Every request as it was answered: counted for `/metrics`, and one line in the log.

The line names neither the visitor's address nor the query, and masks secrets in the path: whoever reads the log learns
what the site did, not who reads what. Refusals of one kind are logged a few times a minute, and counted all. The log is
written in a thread of its own: if its reader stops, lines are lost, and nobody waits.

Both happen a moment later, for all requests of that moment at once: one by one, counting took 7 of the 35 microseconds
that the server needs for a constant, and its thread was woken for every line, 20 more.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from granian.rsgi import HTTPProtocol, Scope

from newsreader.kit import metrics
from newsreader.kit.log_lines import REQUEST, Line
from newsreader.kit.logs import Rationed
from newsreader.kit.secret_addresses import masked_path
from newsreader.kit.tracing import Seen, request_id

logger = logging.getLogger(__name__)
PAGES = metrics.PAGES.labels("front")
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by machines every few seconds
MOST_WAITING = 10_000  # lines
LONGEST = 500  # characters of a path
SOON = 0.05  # seconds until a request is counted, and its line handed over
# Bytes that are written at once at most, so that processes that share a pipe do not cut each other's lines (PIPE_BUF).
AT_ONCE = 4096
_OF_LINE, _OF_CHARACTER = 400, 6  # bytes of a line without its path, and of a character of that, at most
REFUSALS = 20  # of one status and view that are logged in a minute, in each process


class Answering:
    """The server's side of a request, for whoever answers it. Notes the status and the size of the answer.

    `besides` are headers of every answer; they may come while Django works.
    """

    __slots__ = ("_besides", "_protocol", "began", "finished", "method", "path", "seen", "size", "status")

    def __init__(self, scope: Scope, protocol: HTTPProtocol, besides: Sequence[tuple[str, str]] = ()) -> None:
        self._protocol, self._besides, self.began = protocol, besides, time.perf_counter()
        self.method, self.path = scope.method, scope.path
        self.seen = Seen(request_id(scope.headers.get("x-request-id")))
        self.status, self.size = 0, -1  # bytes; -1: unknown
        self.finished = False  # whether it was answered with a finished page

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def response_empty(self, status: int, headers: Any) -> Any:
        self.status, self.size = status, 0
        return self._protocol.response_empty(status, [*headers, *self._besides])

    def response_bytes(self, status: int, headers: Any, body: bytes) -> Any:
        self.status, self.size = status, len(body)
        return self._protocol.response_bytes(status, [*headers, *self._besides], body)

    def response_file_range(self, status: int, headers: Any, file: str, start: int, end: int) -> Any:
        self.status, self.size = status, end - start
        return self._protocol.response_file_range(status, [*headers, *self._besides], file, start, end)

    def response_stream(self, status: int, headers: Any) -> Any:
        self.status = status
        return self._protocol.response_stream(status, [*headers, *self._besides])


@lru_cache(2048)
def _counters(view: str, method: str, status: int) -> tuple[Any, Any]:
    return metrics.REQUESTS.labels(view, method, status), metrics.REQUEST_SECONDS.labels(view)


class _Counted:
    """How many requests of one kind there were since they were last counted, and how long they took."""

    __slots__ = ("by_time", "database_seconds", "number", "seconds", "statements")

    def __init__(self) -> None:
        self.number, self.statements = 0, 0
        self.seconds, self.database_seconds = 0.0, 0.0
        self.by_time = [0] * (len(metrics.BUCKETS) + 1)  # how many took at most so long, but longer than the one before

    def add(self, seconds: float, seen: Seen) -> None:
        self.number += 1
        self.seconds += seconds
        self.by_time[bisect_left(metrics.BUCKETS, seconds)] += 1
        if seen.statements:
            self.statements += seen.statements
            self.database_seconds += seen.database_seconds

    def count(self, view: str, method: str, status: int, finished: bool) -> None:
        requests, took = _counters(view, method, status)
        requests.inc(self.number)
        took.observe_many(self.by_time, self.seconds)
        if finished:
            PAGES.inc(self.number)
        if self.statements:
            metrics.DATABASE_SECONDS.labels(view).inc(self.database_seconds)
            metrics.DATABASE_STATEMENTS.labels(view).inc(self.statements)


class _Noted(NamedTuple):
    """A request of which there is to be a line. `at`: seconds since 1970."""

    at: float
    method: str
    path: str
    status: int
    seconds: float
    size: int
    seen: Seen


class Log:
    """Counts requests, and writes a line for each. Used on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._soon = False
        self._counted: dict[tuple[str, str, int, bool], _Counted] = {}
        self._noted: list[_Noted] = []
        self._waiting: queue.SimpleQueue[list[_Noted] | None] = queue.SimpleQueue()
        self._given, self._taken = 0, 0  # lines, by the loop and by the thread
        self._lost = 0
        self._rationed = Rationed(REFUSALS)
        self._thread = threading.Thread(target=self._work, name="access-log", daemon=True)
        self._thread.start()

    def answered(self, answering: Answering) -> None:
        """Count a request, and have its line written."""
        seen, seconds = answering.seen, time.perf_counter() - answering.began
        status = answering.status or 500  # The server says so where nobody has answered.
        method = answering.method if answering.method in METHODS else "other"
        kind = seen.view, method, status, answering.finished
        if (counted := self._counted.get(kind)) is None:
            counted = self._counted[kind] = _Counted()
        counted.add(seconds, seen)
        path = answering.path
        if logger.isEnabledFor(logging.INFO) and (status >= 400 or path not in UNLOGGED):
            self._noted.append(_Noted(time.time(), method, path, status, seconds, answering.size, seen))
        if not self._soon:
            self._soon = True
            self._loop.call_later(SOON, self._hand_over)

    def _hand_over(self) -> None:
        """Have the lines written, then count: where counting fails, nothing waits for it in memory."""
        self._soon = False
        noted, self._noted = self._noted, []
        room = max(0, MOST_WAITING - (self._given - self._taken))
        self._lost += len(noted[room:])
        if noted := noted[:room]:
            self._given += len(noted)
            self._waiting.put(noted)
        counted, self._counted = self._counted, {}
        for kind, of_kind in counted.items():
            of_kind.count(*kind)

    def stop(self) -> None:
        """Count and write what is waiting, for up to a second."""
        try:
            self._hand_over()
        finally:
            self._waiting.put(None)
            self._thread.join(1)

    def _work(self) -> None:
        while (noted := self._waiting.get()) is not None:
            try:
                self._write(noted)
            except Exception:
                logger.exception("A request's line could not be written")
            self._taken += len(noted)

    def _write(self, noted: list[_Noted]) -> None:
        lines: list[Line] = []
        size = 0
        for one in noted:
            if (line := self._line(one)) is None:
                continue
            takes = _OF_LINE + _OF_CHARACTER * len(one.path)
            if one.status >= 500 or size + takes > AT_ONCE:
                _log(logging.INFO, lines)
                lines, size = [], 0
            if one.status >= 500:
                _log(logging.WARNING, [(one.at, line)])
            else:
                lines.append((one.at, line))
                size += takes
        _log(logging.INFO, lines)

    def _line(self, one: _Noted) -> dict[str, Any] | None:
        """Return what a line says, in the order of `log_lines.FIELDS`; None where there is none."""
        _, method, path, status, seconds, size, seen = one
        left_out = self._rationed.passes((status, seen.view)) if 400 <= status < 500 else 0
        if left_out is None:
            return None
        line: dict[str, Any] = {
            "method": method,
            "path": masked_path(path[:LONGEST]),
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        if size >= 0:
            line["bytes"] = size
        line["view"] = seen.view
        if seen.statements:
            line |= {"database_ms": round(seen.database_seconds * 1000, 1), "statements": seen.statements}
        if left_out or self._lost:
            lost, self._lost = self._lost, 0
            line["left_out"] = left_out + lost
        line["request_id"] = seen.request_id
        return line


def _log(level: int, lines: list[Line]) -> None:
    """Log lines as one record, which costs as much as one line."""
    if lines:
        # As `logger.log` would make it, which looks for its caller first.
        record = logging.LogRecord(logger.name, level, __file__, 0, REQUEST, None, None)
        record.lines = lines
        logger.handle(record)
