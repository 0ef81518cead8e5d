"""The folder in memory into which all processes of a host count (`metrics`). `manage.py serve` makes it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # in the environment, as the library calls it
MEMORY = Path("/dev/shm")  # noqa: S108  On a full disk, writing to a file that is mapped ends the process.
PREFIX, OWNER = "newsreader-metrics-", "owner.lock"
YOUNG = 60  # seconds


def make_folder() -> str:
    """Return the folder that the environment names, or a new one: somebody has to own it, and remove it at the end."""
    if named := os.environ.get(FOLDER):
        Path(named).mkdir(parents=True, exist_ok=True)
        return named
    parent = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_left_over(parent)
    return tempfile.mkdtemp(prefix=PREFIX, dir=parent)


def own(folder: str) -> None:
    """Have nobody take it for left over while this process runs."""
    lock(Path(folder) / OWNER)


def _remove_left_over(parent: Path) -> None:
    """Remove the folders of those that were killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # Somebody else's, or gone meanwhile.
            # A new one has no owner yet.
            if time.time() - folder.stat().st_mtime > YOUNG and (held := lock(folder / OWNER)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def lock(file: Path) -> int | None:
    """Lock a file to the end of the process, whatever ends it. Returns its number; None if another process has it."""
    number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        return None
    return number
