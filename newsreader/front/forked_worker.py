"""The worker, forked from the process that web processes are forked from, with which it then shares what is imported.

It has 30 MiB less of its own so, and its start costs no import. It becomes a child of `serve`, which watches it as if
it had started it, and whose next ones are started as `manage.py work`. Linux alone can give a child away.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time

from django.core.management import CommandError, call_command, load_command_class

from newsreader.operations import command_line, roles
from newsreader.operations.children import end_with_parent

COMMAND = ("newsreader", "work")


def load() -> None:
    """Import what it needs besides. Modules that are loaded after the fork fill gaps in 3 MiB that are shared."""
    load_command_class(*COMMAND)
    gc.freeze()


def fork(told: int, listener: int) -> bool:
    """Fork it, before this process has threads, and say its number to whoever reads `told`.

    Returns whether this is the worker. `serve` is to be whom children of the dead are given to.
    """
    serve, between = os.getppid(), os.fork()
    if between:
        os.close(told)
        os.waitpid(between, 0)
        return False
    between = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == between:  # Until then its death would be nobody's to see.
        time.sleep(0.001)
    os.setsid()
    end_with_parent(serve)
    os.close(listener)
    os.write(told, str(os.getpid()).encode())
    os.close(told)
    return True


def work() -> int:
    """Be what `manage.py work` is. Returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    command_line.show(command_line.WORK)
    roles.take_time()
    try:
        call_command("work")  # `serve` has checked the settings. The checks would cost 4 MiB of shared memory.
    except CommandError as refusal:
        sys.stderr.write(f"CommandError: {refusal}\n")
        return refusal.returncode
    return 0
