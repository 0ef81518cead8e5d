"""Trying again what has failed, later each time."""

from __future__ import annotations

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
