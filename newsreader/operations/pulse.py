"""A sign of life from each process to the one that started it, so that one that hangs is noticed and replaced.

A datagram to a socket that `serve` has opened says what the process is and its number. It needs neither the database
nor the disk, so that it comes while either is away. A worker that systemd has started tells systemd likewise. Without
PULSE and NOTIFY_SOCKET in the environment nobody is told.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

VARIABLE = "PULSE"  # in the environment of the processes: the path of the socket
SYSTEMD = "NOTIFY_SOCKET"  # the same, of systemd (sd_notify); it hears the process that it has started, no children
EVERY = 5.0  # seconds


def send(what: str) -> None:
    """Tell once, or nothing if nobody listens."""
    if path := os.environ.get(VARIABLE):
        _tell(path, f"{what} {os.getpid()}")
    if path := os.environ.get(SYSTEMD):
        _tell(f"\0{path[1:]}" if path.startswith("@") else path, "WATCHDOG=1")


def _tell(path: str, text: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        try:
            out.sendto(text.encode(), path)
        except OSError:  # Its reader is gone or behind: the next one tells as much.
            pass


def keep_sending(what: str) -> None:
    """Tell from now on, in a thread of its own."""

    def beat() -> None:
        while True:
            send(what)
            time.sleep(EVERY)

    threading.Thread(target=beat, name="pulse", daemon=True).start()


class Pulses:
    """Where `serve` hears its processes: when each was last heard, by what it is and its number."""

    def __init__(self, path: str = "", descriptor: int = -1) -> None:
        """Open a socket, or take one that is open, with its path."""
        self.folder = Path(path).parent if path else Path(tempfile.mkdtemp(prefix="newsreader-"))
        self.path = str(self.folder / "pulse")
        if path:
            self.socket = socket.socket(fileno=descriptor)
        else:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind(self.path)
        self.heard: dict[tuple[str, int], float] = {}
        self._last: dict[str, float] = {}

    def listen(self, seconds: float) -> None:
        """Take in what arrives within so many seconds."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                what, _, number = self.socket.recv(64).decode("ascii", "replace").partition(" ")
            except TimeoutError:
                return
            if number.isdigit():
                self.heard[what, int(number)] = self._last[what] = time.monotonic()

    def silent(self, what: str, seconds: float) -> list[int]:
        """Return the numbers of those that live and have not been heard for so long. The dead are forgotten."""
        found = []
        for (kind, number), at in list(self.heard.items()):
            if not is_alive(number):
                del self.heard[kind, number]
            elif kind == what and time.monotonic() - at > seconds:
                found.append(number)
        return found

    def last(self, what: str) -> float:
        """Return when anything of the kind was last heard, by the monotonic clock; 0.0 if never."""
        return self._last.get(what, 0.0)

    def close(self) -> None:
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except OSError:
        return False
    return True
