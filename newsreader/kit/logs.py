"""Lines of the log that come at most so often: of malformed or refused requests, and of a fault that goes on for hours.

Django logs a wrong Host header, a NUL in an address and the like as if the site had failed. Anybody can send them, as
many as they like.
"""

import logging
import time
from collections.abc import Hashable
from threading import Lock

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http.multipartparser import MultiPartParserError

EVERY = 60  # seconds
LONGEST = 300  # characters of a line


def is_a_client_s_doing(record: logging.LogRecord) -> bool:
    """Say whether a line is about a malformed request, or about an answer that was meant, such as a refusal."""
    exception = record.exc_info[1] if record.exc_info else None
    if _is_refusal(exception):
        return record.name == "django.request"
    return isinstance(exception, BadRequest | SuspiciousOperation | MultiPartParserError)


def _is_refusal(exception: BaseException | None) -> bool:
    """Say whether this, of a line of Django's, is no more than an answer: Django has no exception of most refusals."""
    return exception is None or isinstance(exception, PermissionDenied)


class Sampled(logging.Filter):
    """For a handler. Lets the first of each kind pass in a minute; the next one says how many were left out.

    Django's own line about a refusal is left out: the one about the request says as much (`newsreader.front.access`).
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._seen: dict[str, tuple[float, int]] = {}  # by kind: when it was last let through, and how many since

    def filter(self, record: logging.LogRecord) -> bool:
        if not is_a_client_s_doing(record):
            return True
        exception = record.exc_info[1] if record.exc_info else None
        return not _is_refusal(exception) and self._passes(record, type(exception).__name__)

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


class Rationed:
    """Lets a few of each kind pass in a minute, and says with the first of the next how many were left out."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._seen: dict[Hashable, tuple[float, int]] = {}  # by kind: since when, and how many there were

    def passes(self, kind: Hashable) -> int | None:
        """Return how many were left out since the last one that passed; None if this one is left out, too."""
        now = time.monotonic()
        since, count = self._seen.get(kind, (float("-inf"), 0))
        if now - since >= EVERY:
            self._seen[kind] = now, 1
            return max(0, count - self.most)
        self._seen[kind] = since, count + 1
        return 0 if count < self.most else None
