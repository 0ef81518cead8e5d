"""The folder of all copies. Each is a folder in it, named after the time when it was begun; uploaded files are shared.

A copy gets its name last, when it is whole and on the disk. Before that it is `.partial-…`, which nobody takes for one.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsreader.operations.backups import manifest
from newsreader.operations.backups.errors import BackupError

PARTIAL = ".partial-"
LOCK = ".lock"
_TIME = "%Y-%m-%dT%H-%M-%SZ"
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(?:-(\d+))?")


def copies(folder: Path) -> list[Path]:
    """Return the whole copies in a folder, oldest first."""
    try:
        found = [each for each in folder.iterdir() if _NAME.fullmatch(each.name) and each.is_dir()]
    except OSError as fault:
        raise BackupError(f"{folder}: {fault.strerror}") from None
    return sorted(found, key=lambda copy: (made_at(copy), int(_NAME.fullmatch(copy.name)[2] or 0)))  # type: ignore[index]


def chosen(folder: Path, name: str = "") -> Path:
    """Return the copy of this name, or else the newest. Raises BackupError if there is none."""
    found = copies(folder)
    if name:
        found = [copy for copy in found if copy.name == name]
    if not found:
        raise BackupError(f"{folder} holds no copy {name}." if name else f"{folder} holds no whole copy.")
    return found[-1]


def made_at(copy: Path) -> dt.datetime:
    named = _NAME.fullmatch(copy.name)
    assert named  # noqa: S101  Only copies come here.
    return dt.datetime.strptime(named[1], _TIME).replace(tzinfo=dt.UTC)


@contextmanager
def held(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the folder: alone, to add and remove copies, or with others who read it. Raises BackupError if others do."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT if alone else os.O_RDONLY, 0o600)
    except OSError as fault:
        if alone:
            raise BackupError(f"{folder}: {fault.strerror}") from None
        yield  # Nobody has ever written here, or this is a copy on something that can only be read.
        return
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BackupError(f"{folder} is in use: another backup is running, or one is being restored.") from None
    finally:
        os.close(handle)


@contextmanager
def begun(folder: Path, now: dt.datetime) -> Iterator[Path]:
    """Give a new folder for a copy. At the end it gets its name; after any fault it is gone."""
    for left in folder.glob(f"{PARTIAL}*"):  # Of a run that was killed.
        shutil.rmtree(left)
    name, number = now.strftime(_TIME), 1
    while (folder / (f"{name}-{number}" if number > 1 else name)).exists():
        number += 1
    name = f"{name}-{number}" if number > 1 else name
    partial = folder / f"{PARTIAL}{name}"
    try:
        partial.mkdir()
        yield partial
        to_disk(partial)
        partial.rename(folder / name)
        to_disk(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def to_disk(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prune(folder: Path, before: dt.datetime) -> list[str]:
    """Remove copies that were made before then, but never the newest, and the uploaded files of no other copy.

    Returns the names of the copies. Raises BackupError where the manifest of one that stays cannot be read: then
    nobody knows which files it needs.
    """
    old = [copy for copy in copies(folder)[:-1] if made_at(copy) < before]
    for copy in old:
        gone = folder / f"{PARTIAL}{copy.name}"
        copy.rename(gone)  # From here on nobody takes it for a copy.
        shutil.rmtree(gone)
    needed: dict[str, set[str]] = {}
    for copy in copies(folder):
        kept = manifest.read(copy)
        needed.setdefault(kept.media_folder, set()).update(file.sha256 for file in kept.media.values())
    for media in (each for each in folder.glob("media*") if each.is_dir()):
        for file in media.glob("*/*"):
            if file.name.partition(".")[0] not in needed.get(media.name, ()):
                file.unlink()
    return [copy.name for copy in old]
