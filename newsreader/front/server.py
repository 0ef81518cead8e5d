"""The web server: Granian, on a socket that `serve` has opened and that outlives every web process.

Granian would open a socket for each web process. With that process it is closed, and whoever waits in it is cut off;
while that process hangs, its share of the readers hangs too.

It forks its web processes, which share what is imported before (`preloading`), and the worker (`forked_worker`).
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from newsreader import request_limits
from newsreader.front import forked_worker
from newsreader.front.preloading import APPLICATION, preload
from newsreader.operations import command_line, listening

# What it says is a line of the site's log, as what we say. Its own way would be set up in each web process: 1.5 MiB.
IN_OUR_LOG = {"incremental": True, "handlers": {}, "loggers": {}}


class Server(MPServer):
    def __init__(self, descriptor: int, **options: Any) -> None:
        super().__init__(**options)
        self.descriptor = descriptor
        # It advises to have the kernel move connections from one socket to another, which nobody needs here.
        logging.getLogger("_granian").addFilter(lambda record: "tcp_migrate_req" not in record.getMessage())

    def _init_shared_socket(self) -> None:
        given = (
            (self.descriptor, False, request_limits.CONNECTIONS)
            if sys.platform == "linux"
            else (self.descriptor, False)
        )
        self._ssp, self._sso = None, None
        self._shd, self._sfd = SocketHolder(*given), self.descriptor  # type: ignore[assignment]


def _leave(number: int, frame: FrameType | None) -> None:
    """Let go of the socket, and have the web processes do so afterwards (`newsreader.front.application`).

    It must not be here that it is closed: they take the connections that wait in it.
    """
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # It reaches the whole group.
    listening.stop_accepting()
    os.killpg(0, signal.SIGUSR1)


def _application() -> Any:
    """Return what is served. As the library would find it, but it compiles patterns for that in each web process."""
    return import_module(APPLICATION).application


def main(arguments: list[str]) -> int:
    """Serve until stopped. Returns the exit code."""
    parser = argparse.ArgumentParser()
    for name in ("port", "listener", "processes", "memory", "patience"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--worker", type=int, help="Fork the worker, and say its number through this pipe.")
    given = parser.parse_args(arguments)
    command_line.show(command_line.WEB)
    os.environ["NEWSREADER_ROLE"] = "web"  # of the web processes, before one of their modules asks for the settings
    signal.signal(signal.SIGUSR1, _leave)
    preload()
    if given.worker is not None:
        forked_worker.load()
        if forked_worker.fork(given.worker, given.listener):
            return forked_worker.work()
    Server(
        given.listener,
        target=f"{APPLICATION}:application",
        port=given.port,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,  # Each request wakes the loop twice, which takes a tenth of a finished page with asyncio's.
        workers=given.processes,
        http=HTTPModes.http1,  # HTTP/2 has no time limit for its heads, and no proxy needs it to talk to us.
        http1_settings=HTTP1Settings(
            header_read_timeout=request_limits.HEAD_SECONDS * 1000, max_buffer_size=request_limits.HEAD
        ),
        websockets=False,
        backlog=request_limits.CONNECTIONS,
        backpressure=request_limits.CONNECTIONS,
        log_level=LogLevels.warning,
        log_dictconfig=IN_OUR_LOG,
        respawn_failed_workers=True,
        workers_kill_timeout=given.patience,
        workers_max_rss=given.memory,
    ).serve(target_loader=_application, wrap_loader=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
