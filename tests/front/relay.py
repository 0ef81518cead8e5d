"""Stands between a site and its PostgreSQL, which may go away or hang while nobody else notices."""

from __future__ import annotations

import socket
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from threading import Event, Thread


class Relay:
    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.other: dict[socket.socket, socket.socket] = {}
        self.passes, self.ends = Event(), False
        self.passes.set()
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def cut(self) -> None:
        """The server is down: every connection ends, and nobody connects."""
        self.passes.clear()
        self.door.close()
        for line in list(self.other):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        """The server is there again, on the same port."""
        if self.door.fileno() < 0:
            self.thread.join()
            self.door = socket.create_server(("127.0.0.1", self.port))
            self.other.clear()
            self.thread = Thread(target=self._run, daemon=True)
            self.thread.start()
        self.passes.set()

    def freeze(self) -> None:
        """The server hangs: connections stay and new ones are taken, and it says nothing."""
        self.passes.clear()

    def _run(self) -> None:
        door = self.door
        with DefaultSelector() as selector:
            selector.register(door, EVENT_READ)
            while door.fileno() >= 0:
                for key, _ in selector.select(0.05):
                    self.passes.wait(0.05)
                    if self.passes.is_set():
                        self._pass(key.fileobj, selector)

    def _pass(self, line: socket.socket, selector: DefaultSelector) -> None:
        with suppress(OSError):
            if line is self.door:
                new = line.accept()[0]
                self.other[new] = out = socket.create_connection(self.server)
                self.other[out] = new
                selector.register(new, EVENT_READ)
                selector.register(out, EVENT_READ)
            elif data := line.recv(1 << 16):
                self.other[line].sendall(data)
            else:
                self._end(line, selector)

    def _end(self, line: socket.socket, selector: DefaultSelector) -> None:
        for each in (line, self.other[line]):
            with suppress(KeyError, ValueError):
                selector.unregister(each)
            self.other.pop(each, None)
            each.close()
