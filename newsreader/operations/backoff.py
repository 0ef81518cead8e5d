"""Trying again what has failed, later each time, and saying so once a minute."""

from __future__ import annotations

import logging
import random
import time

FIRST, LAST = 1.0, 30.0  # seconds between two attempts
CALM = 60.0  # seconds without a fault, after which the next one counts as the first


class Backoff:
    """How long to wait after each fault: twice as long as after the one before, with a tenth left to chance."""

    def __init__(self, first: float = FIRST, last: float = LAST) -> None:
        self.first, self.last = first, last
        self._delay, self._failed_at = 0.0, float("-inf")

    def failed(self) -> float:
        """Return the seconds to wait before the next attempt."""
        now = time.monotonic()
        calm = now - self._failed_at > self._delay + CALM
        self._delay = self.first if calm or not self._delay else min(self._delay * 2, self.last)
        self._failed_at = now
        return min(self.last, self._delay * random.uniform(1, 1.1))  # noqa: S311


class OnceAMinute:
    """A log that says a thing once a minute, and then how often it has happened meanwhile."""

    def __init__(self, logger: logging.Logger) -> None:
        self.logger = logger
        self._said: dict[str, float] = {}
        self._kept: dict[str, int] = {}

    def warning(self, what: str, error: BaseException) -> None:
        now = time.monotonic()
        self._kept[what] = self._kept.get(what, 0) + 1
        if now - self._said.get(what, float("-inf")) < 60:
            return
        count = self._kept.pop(what)
        self._said[what] = now
        again = f" ({count} times since it was last said)" if count > 1 else ""
        self.logger.warning("%s: %s: %s%s", what, type(error).__name__, str(error).strip() or "no words", again)
