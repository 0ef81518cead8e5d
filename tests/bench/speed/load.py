"""A load generator: a closed loop over keep-alive connections, in this process, whose time does not count.

Every connection sends its next request as soon as the last one is answered. Only loopback, only for `seconds`.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

LATE = 60.0  # seconds for an answer; then the round ends without it
_LENGTH = re.compile(rb"\ncontent-length: *(\d+)")


@dataclass(frozen=True)
class Request:
    """What is sent. `kind` tells apart what one round mixes; an answer of another status than `expect` is wrong."""

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expect: tuple[int, ...] = (200,)
    kind: str = ""

    def bytes(self, host: str) -> bytes:
        length = [("Content-Length", str(len(self.body)))] if self.method != "GET" else []
        lines = [f"{name}: {value}" for name, value in (("Host", host), *self.headers, *length)]
        return "\r\n".join([f"{self.method} {self.path} HTTP/1.1", *lines, "", ""]).encode() + self.body


@dataclass
class Answers:
    """What came back in a round. `etags` are those of the last two good answers, to see whether a page was made anew."""

    seconds: float = 0.0
    own: float = 0.0  # seconds of processor time of this process meanwhile: near `seconds` it was the slower part
    right: int = 0
    kinds: Counter[str] = field(default_factory=Counter)  # of the right ones
    wrong: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)  # milliseconds of the right ones
    size: int = 0  # bytes of the last body
    etags: tuple[bytes, bytes] = (b"", b"")

    @property
    def count(self) -> int:
        return self.right + self.wrong.total()


class _Connection:
    """One connection, and the answer that it is reading."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: Request) -> None:
        self.request, self.head, self.missing, self.size = request, b"", -1, 0
        self.began = time.perf_counter()
        self.socket.sendall(request.bytes(f"127.0.0.1:{self.socket.getpeername()[1]}"))

    def read(self) -> bool:
        """Read what has come. Returns whether the answer is complete. Raises OSError where it never will be."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError
        if self.missing == -1:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            data, self.head = self.head[end + 4 :], self.head[:end]
            self.status = int(self.head[9:12])
            length = _LENGTH.search(self.head.lower())
            self.chunked = length is None and self.status not in {204, 304}
            self.missing, self.tail = int(length[1]) if length and self.status != 304 else 0, b""
        self.size += len(data)
        if self.chunked:
            self.tail = (self.tail + data)[-5:]
            return self.tail == b"0\r\n\r\n"
        self.missing -= len(data)
        return self.missing <= 0


def run(
    port: int,
    requests: Iterable[Request],
    connections: int,
    seconds: float,
    before: Callable[[], object] = lambda: None,
) -> Answers:
    """Send requests for so long, each after a call of `before`; it ends early where there are no more requests."""
    answers, ahead = Answers(), iter(requests)
    began, own = time.perf_counter(), time.process_time()
    end, last = began + seconds, began
    with selectors.EpollSelector() as selector:

        def start(connection: _Connection) -> None:
            if time.perf_counter() < end and (request := next(ahead, None)):
                before()
                connection.send(request)
            else:
                selector.unregister(connection.socket)
                connection.socket.close()

        for _ in range(connections):
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            start(connection)
        while selector.get_map() and time.perf_counter() < end + LATE:
            for key, _ in selector.select(1.0):
                connection = key.data
                try:
                    if not connection.read():
                        continue
                except OSError:
                    answers.wrong["no answer"] += 1
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    connection = _Connection(port)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                else:
                    last = time.perf_counter()
                    _note(answers, connection, last)
                start(connection)
    answers.own = time.process_time() - own
    answers.seconds = max(last - began, 1e-9)
    return answers


def _note(answers: Answers, connection: _Connection, now: float) -> None:
    request = connection.request
    if connection.status not in request.expect:
        answers.wrong[f"{request.kind or request.path}: {connection.status}"] += 1
        return
    answers.right += 1
    answers.kinds[request.kind] += 1
    answers.times.append(1000 * (now - connection.began))
    answers.size = connection.size
    etag = re.search(rb"\r\netag: *([^\r\n]+)", connection.head, re.IGNORECASE)
    answers.etags = (answers.etags[1], etag[1] if etag else b"")
