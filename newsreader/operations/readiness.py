"""`/readyz`: whether this host can do its work, for load balancers. It tries a write, since a full disk still reads."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.core.cache import cache, caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from newsreader.kit.http_cache import private
from newsreader.kit.tasks import HEARTBEAT

SILENCE = 60.0  # seconds after which the worker counts as away
FRESH = 1.0  # seconds for which an answer stands: whoever asks, one write a second in each process
# SQLite's log keeps the space it has had, so that small writes may pass for a while on a full disk.
LEAST = 1024 * 1024  # bytes


class _Last:
    """The last answer of this process. While one thread asks, others take it as it is, and do not queue up behind."""

    def __init__(self) -> None:
        self._lock, self._at, self._missing = Lock(), float("-inf"), ["database"]

    def missing(self) -> list[str]:
        if time.monotonic() - self._at >= FRESH and self._lock.acquire(blocking=False):
            try:
                self._missing = look()
            finally:
                self._at = time.monotonic()
                self._lock.release()
        return self._missing

    def forget(self) -> None:
        self._at = float("-inf")


last = _Last()


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database takes a write, the cache answers and a worker lives; else 503 with what is missing."""
    missing = last.missing()
    answer = {"status": "unavailable", "missing": missing} if missing else {"status": "ok"}
    return private(JsonResponse(answer, status=503 if missing else 200))


def look() -> list[str]:
    """Return which parts are away. Without the database nobody can say how the others are."""
    try:
        if not _takes_a_write():
            return ["database"]
    except (DatabaseError, OSError):
        return ["database"]
    try:
        # Another cache stands in for a Redis that is away, and the site goes on; whoever watches it wants to know.
        if not getattr(cache, "answers", lambda: True)():
            return ["cache"]
        beat = cache.get(HEARTBEAT)
    except Exception:  # Each cache backend raises its own library's errors.
        return ["cache"]
    # A clock that was set back makes a sign of life seem to come from the future, until the next one.
    return [] if isinstance(beat, float) and time.time() - beat < SILENCE else ["worker"]


def _takes_a_write() -> bool:
    if settings.SQLITE and (folder := Path(connection.settings_dict["NAME"]).parent).is_dir():
        if shutil.disk_usage(folder).free < LEAST:
            return False
    # The table that `createcachetable` makes. What fails while it writes it answers with False.
    table = caches["table"]
    return bool(table.touch("readyz", 3600) or table.add("readyz", "", 3600))
