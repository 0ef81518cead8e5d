"""A line to a server on loopback that can be cut, or go silent: what the site meets when a part of it is away."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.faults.ports import free_port


class Line:
    """Passes bytes on between `port` and the server behind it."""

    def __init__(self, behind: int) -> None:
        self.behind, self.port = behind, free_port()
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.passes = threading.Event()
        self.passes.set()
        self.listener: socket.socket | None = None
        self.listen()

    def listen(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections from now on, and cut those that there are."""
        assert self.listener is not None
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._cut()

    def be_silent(self) -> None:
        """Accept connections from now on, and neither answer nor pass anything on."""
        self.passes.clear()

    def speak(self) -> None:
        """Pass on again. What was begun in silence is cut."""
        self._cut()
        self.passes.set()

    def _cut(self) -> None:
        with self.lock:
            for end in self.open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            self._keep(near)
            try:
                if not self.passes.is_set():
                    near.settimeout(None)
                    while near.recv(65536):  # Until the other side has had enough, or we are cut.
                        pass
                    return
                with socket.create_connection(("127.0.0.1", self.behind), timeout=10) as far:
                    far.settimeout(None)
                    self._keep(far)
                    back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
                    back.start()
                    self._pump(near, far)
                    back.join()
                    self._forget(far)
            finally:
                self._forget(near)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.passes.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _keep(self, end: socket.socket) -> None:
        with self.lock:
            self.open.add(end)

    def _forget(self, end: socket.socket) -> None:
        with self.lock:
            self.open.discard(end)
