"""The socket on which the site listens. `manage.py serve` opens it, and every web process takes connections from it."""

from __future__ import annotations

import os
import socket
import sys

VARIABLE = "LISTENER"  # in the environment of the web processes: the socket's descriptor
_WAITING = slice(24, 28)  # of Linux's `tcp_info`: `tcpi_unacked`, for a socket that listens the length of its queue


def take(host: str, port: int, backlog: int) -> socket.socket:
    """Take the address. Raises OSError where it cannot be had.

    Whoever connects is refused until the first web process answers: it listens (Granian does, on Linux). In a queue
    that nobody takes connections from yet, a reader would wait for as long as the site takes to start.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Its connections inherit it.
    try:
        listener.bind((host, port))
        if sys.platform != "linux":
            listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def port_of(descriptor: int) -> int:
    """Return on which port a socket listens."""
    listener = socket.socket(fileno=descriptor)
    try:
        return int(listener.getsockname()[1])
    finally:
        listener.detach()


def stop_accepting(*, while_some_wait: bool = True) -> bool:
    """Take no more connections in this process. Returns whether it takes none now.

    Others go on with the same socket. With the last of them it is closed, and whoever waits in it is cut off: so the
    last must not leave while somebody waits. Between looking and leaving pass a few microseconds.

    The server cannot be told to. So its descriptor is given to another socket, to which nobody connects.
    """
    if descriptor := os.environ.get(VARIABLE):
        with socket.socket() as idle:
            idle.setblocking(False)
            idle.bind(("127.0.0.1", 0))
            idle.listen(1)
            if not while_some_wait and _waiting(int(descriptor)):
                return False
            os.dup2(idle.fileno(), int(descriptor), inheritable=False)
    return True


def _waiting(descriptor: int) -> int:
    """Return how many connections wait to be taken."""
    if sys.platform != "linux":
        return 0
    listener = socket.socket(fileno=descriptor)
    try:
        return int.from_bytes(listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[_WAITING], sys.byteorder)
    finally:
        listener.detach()
