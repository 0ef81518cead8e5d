"""Time limits of what is asked of a replica. The primary can answer instead, so nobody waits long for it.

PostgreSQL ends a statement that takes too long. A server that is stopped, or a network that swallows packets, is
noticed on this side.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg

STATEMENT = 1.0  # seconds
SILENCE = 1.5  # seconds without an answer
CONNECT = 0.5  # seconds that a page waits for a connection


class HastyConnection(psycopg.Connection[Any]):
    """A connection that is closed if its server does not answer in time."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        began = time.monotonic()
        try:
            return super().wait(gen, interval=interval, timeout=SILENCE if timeout is None else timeout)
        except psycopg.OperationalError:
            if time.monotonic() - began >= SILENCE:
                self.pgconn.finish()  # An answer that comes later would be taken for that of the next question.
            raise


def pool(threads: int) -> dict[str, Any]:
    """Return the options of a pool for so many threads and one that watches.

    It opens connections in a thread of its own, so nobody waits for a server that is not there.
    """
    return {
        "connection_class": HastyConnection,
        "min_size": 1,
        "max_size": threads + 1,
        "num_workers": 1,
        "timeout": CONNECT,
        "reconnect_timeout": 1,  # seconds; the next look tries again
    }
