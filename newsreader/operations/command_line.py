"""What the system's lists of processes show as the command of one that was forked, not started."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

WEB, WORK = ("manage.py", "web"), ("manage.py", "work")  # Neither is longer than `manage.py serve`.


def show(words: tuple[str, ...]) -> None:
    """Have them show Python with these words, in the place of the command before. Linux alone keeps it so."""
    if sys.platform != "linux":
        return
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    first, last = int(fields[45]), int(fields[46])  # arg_start and arg_end
    room = last - first - 1
    command = "\0".join((sys.executable, *words)).encode()
    if len(command) > room:  # It was called by a shorter name.
        command = "\0".join((sys.orig_argv[0], *words)).encode()
    ctypes.memset(first, 0, last - first)
    ctypes.memmove(first, command, min(len(command), room))
