"""Every request as it was answered: counted for `/metrics`, and one line in the log.

The line names neither the visitor's address nor the query, and masks secrets in the path: whoever reads the log learns
what the site did, not who reads what. Refusals of one kind are logged a few times a minute, and counted all. The log is
written in a thread of its own: if its reader stops, lines are lost, and nobody waits.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from granian.rsgi import HTTPProtocol, Scope

from newsreader.kit import metrics
from newsreader.kit.log_lines import REQUEST
from newsreader.kit.logs import Rationed
from newsreader.kit.secret_addresses import masked_path
from newsreader.kit.tracing import Seen, request_id

logger = logging.getLogger(__name__)
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by machines every few seconds
MOST_WAITING = 10_000  # lines
LONGEST = 500  # characters of a path
REFUSALS = 20  # of one status and view that are logged in a minute, in each process


class Answering:
    """The server's side of a request, for whoever answers it. Notes the status and the size of the answer.

    `besides` are headers of every answer; they may come while Django works.
    """

    __slots__ = ("_besides", "_protocol", "began", "seen", "size", "status")

    def __init__(self, scope: Scope, protocol: HTTPProtocol, besides: Sequence[tuple[str, str]] = ()) -> None:
        self._protocol, self._besides, self.began = protocol, besides, time.perf_counter()
        self.seen = Seen(request_id(scope.headers.get("x-request-id")))
        self.status, self.size = 0, -1  # bytes; -1: unknown

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


class Log:
    """Writes a line for each request, later."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._lost = 0
        self._rationed = Rationed(REFUSALS)
        self._thread = threading.Thread(target=self._work, name="access-log", daemon=True)
        self._thread.start()

    def answered(self, scope: Scope, answering: Answering) -> None:
        """Count a request, and have its line written."""
        seen, seconds = answering.seen, time.perf_counter() - answering.began
        status = answering.status or 500  # The server says so where nobody has answered.
        method = scope.method if scope.method in METHODS else "other"
        requests, took = _counters(seen.view, method, status)
        requests.inc()
        took.observe(seconds)
        if seen.statements:
            metrics.DATABASE_SECONDS.labels(seen.view).inc(seen.database_seconds)
            metrics.DATABASE_STATEMENTS.labels(seen.view).inc(seen.statements)
        if not logger.isEnabledFor(logging.INFO) or (scope.path in UNLOGGED and status < 400):
            return
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put((method, scope.path, status, seconds, answering.size, seen))
        else:
            self._lost += 1

    def stop(self) -> None:
        """Write what is waiting, for up to a second."""
        self._waiting.put(None)
        self._thread.join(1)

    def _work(self) -> None:
        while (one := self._waiting.get()) is not None:
            try:
                self._write(*one)
            except Exception:
                logger.exception("A request's line could not be written")

    def _write(self, method: str, path: str, status: int, seconds: float, size: int, seen: Seen) -> None:
        left_out = self._rationed.passes((status, seen.view)) if 400 <= status < 500 else 0
        if left_out is None:
            return
        lost, self._lost = self._lost, 0
        line: dict[str, Any] = {
            "request_id": seen.request_id,
            "method": method,
            "path": masked_path(path[:LONGEST]),
            "status": status,
            "ms": round(seconds * 1000, 1),
            "view": seen.view,
        }
        if size >= 0:
            line["bytes"] = size
        if seen.statements:
            line |= {"database_ms": round(seen.database_seconds * 1000, 1), "statements": seen.statements}
        if left_out or lost:
            line["left_out"] = left_out + lost
        level = logging.WARNING if status >= 500 else logging.INFO
        # As `logger.log` would make it, which looks for its caller first.
        record = logging.LogRecord(logger.name, level, __file__, 0, REQUEST, None, None)
        vars(record).update(line)
        logger.handle(record)
