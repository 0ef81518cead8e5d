"""Lines of the log that come at most once a minute: of malformed requests, and of a fault that goes on for hours.

Django logs a wrong Host header, a NUL in an address and the like as if the site had failed. Anybody can send them, as
many as they like.
"""

import logging
import time
from threading import Lock

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http.multipartparser import MultiPartParserError

EVERY = 60  # seconds
LONGEST = 300  # characters of a line


class Sampled(logging.Filter):
    """For a handler. Lets the first of each kind pass in a minute; the next one says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._seen: dict[str, tuple[float, int]] = {}  # by kind: when it was last let through, and how many since

    def filter(self, record: logging.LogRecord) -> bool:
        exception = record.exc_info[1] if record.exc_info else None
        if isinstance(exception, BadRequest | SuspiciousOperation | MultiPartParserError):
            return self._passes(record, type(exception).__name__)
        return True

    def _passes(self, record: logging.LogRecord, kind: str) -> bool:
        now = time.monotonic()
        with self._lock:
            last, left_out = self._seen.get(kind, (now - EVERY, 0))
            if now - last < EVERY:
                self._seen[kind] = last, left_out + 1
                return False
            self._seen[kind] = now, 0
        more = f" ({left_out} more like it since the last line)" if left_out else ""
        record.msg, record.args = f"{record.getMessage()[:LONGEST]}{more}", ()
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class OnceAMinute:
    """A log that says a thing once a minute, and then how often it has happened meanwhile."""

    def __init__(self, logger: logging.Logger) -> None:
        self.logger = logger
        self._said: dict[str, float] = {}
        self._kept: dict[str, int] = {}

    def warning(self, what: str, error: BaseException) -> None:
        now = time.monotonic()
        self._kept[what] = self._kept.get(what, 0) + 1
        if now - self._said.get(what, float("-inf")) < EVERY:
            return
        count = self._kept.pop(what)
        self._said[what] = now
        again = f" ({count} times since it was last said)" if count > 1 else ""
        self.logger.warning("%s: %s: %s%s", what, type(error).__name__, str(error).strip() or "no words", again)
