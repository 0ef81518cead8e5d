"""The socket on which the site listens. `manage.py serve` opens it, and every web process takes connections from it."""

from __future__ import annotations

import os
import socket

VARIABLE = "LISTENER"  # in the environment of the web processes: the socket's descriptor


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """Open it. Raises OSError where the address cannot be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Its connections inherit it.
    try:
        listener.bind((host, port))
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def stop_accepting() -> None:
    """Take no more connections in this process; others go on with the same socket, and nobody who waits is lost.

    The server cannot be told to. So its descriptor is given to another socket, to which nobody connects.
    """
    if descriptor := os.environ.get(VARIABLE):
        with socket.socket() as idle:
            idle.setblocking(False)
            idle.bind(("127.0.0.1", 0))
            idle.listen(1)
            os.dup2(idle.fileno(), int(descriptor), inheritable=False)
