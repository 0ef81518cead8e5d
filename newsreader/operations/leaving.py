"""How a site that is in use ends: newcomers are refused, and whoever is connected has an answer.

1. The supervisor lets go of its socket, and so does the web server's first process (SIGUSR1), which then tells the web
   processes. Each takes connections until nobody waits. With the last of them the socket is closed: from there on
   whoever connects is refused, and knows that nothing was done.
2. Every answer closes its connection. It waits until none is left, or LINGER seconds: the rest are idle, or their
   answers take long.
3. At SIGTERM Granian closes connections that are idle or new, and ends after those answers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LINGER = 3.0  # seconds; busy connections of a proxy have been used by then, and closed
_TABLES = ("/proc/self/net/tcp", "/proc/self/net/tcp6")
_IN_USE = frozenset({"01", "03", "0A"})  # established, on its way, and the socket that listens


def wait_until_left(port: int, hurries: Callable[[], bool]) -> None:
    """Return once nobody is connected to a port; after LINGER, or if somebody `hurries`."""
    until = time.monotonic() + LINGER
    while time.monotonic() < until and not hurries() and _in_use(port):
        time.sleep(0.02)


def _in_use(port: int) -> bool:
    """Say whether anybody is connected to a port of this host, or could be."""
    if sys.platform != "linux":
        return True
    here = f":{port:04X}"
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(table).read_text().splitlines():
                _number, local, _remote, state, *_more = line.split()
                if local.endswith(here) and state in _IN_USE:
                    return True
    return False
