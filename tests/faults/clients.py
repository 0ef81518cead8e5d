"""Clients that send or read a byte now and then."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from tests.faults.scene import Scene, Strike

EVERY = 1.0  # seconds between two bytes
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # more than buffers hold
BODY = 400  # bytes that a slow body is said to have


@contextmanager
def _many(hand: str, count: int, scene: Scene) -> Iterator[None]:
    done = threading.Event()
    hands = {"bodies": _send_slowly, "readers": _read_slowly}
    threads = [threading.Thread(target=hands[hand], args=(scene, done), daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    done.set()
    for thread in threads:
        thread.join(EVERY * 5)


def slow(hand: str, count: int) -> Strike:
    """Many clients that send `bodies` slowly, or are `readers` of large files; who is cut off comes again."""
    return partial(_many, hand, count)


def _send_slowly(scene: Scene, done: threading.Event) -> None:
    path = f"/articles/{scene.site.articles[0]}/reply/"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    _hold(scene, done, f"{head}Content-Length: {BODY}\r\n\r\n".encode(), sends=True)


def _read_slowly(scene: Scene, done: threading.Event) -> None:
    _hold(scene, done, f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), sends=False)


def _hold(scene: Scene, done: threading.Event, begin: bytes, *, sends: bool) -> None:
    while not done.is_set():
        with socket.socket() as line, suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(EVERY)
            line.connect(("127.0.0.1", scene.site.port))
            line.sendall(begin)
            while not done.wait(EVERY):
                if sends:
                    line.sendall(b"a")
                else:
                    line.recv(16)
