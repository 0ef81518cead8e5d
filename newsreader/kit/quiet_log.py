"""Logging that does not fill up with one thing that goes on for hours."""

from __future__ import annotations

import logging
import time


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
