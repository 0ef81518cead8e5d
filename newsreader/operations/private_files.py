"""Files that only the site's own account may read: its database and its copies. `manage.py` sets the umask likewise."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

OTHERS = 0o077  # the rights of the file's group and of everybody else
CANNOT_WRITE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}


@contextmanager
def private_umask() -> Iterator[None]:
    """Have everything that is written meanwhile be our account's alone."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def refuse_open_database(connection: BaseDatabaseWrapper) -> None:
    """Raise CommandError where others may read SQLite's files: they hold email addresses and IP addresses."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or ":memory:" in name:
        return
    files = [path for end in ("", "-wal", "-shm") if (path := Path(f"{name}{end}")).is_file()]
    if wrong := [str(path) for path in files if path.stat().st_mode & OTHERS]:
        raise CommandError(f"Others may read the database. Close it to them: chmod 600 {' '.join(wrong)}", returncode=1)


def refuse_unwritable_media() -> None:
    """Raise CommandError where no uploaded file could be stored. A full disk is no reason: it will not stay so."""
    if not isinstance(default_storage, FileSystemStorage):
        return
    folder = Path(default_storage.location)
    there = next(path for path in (folder, *folder.parents) if path.exists())  # Missing ones are made when needed.
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as fault:
        if fault.errno in CANNOT_WRITE:
            raise CommandError(
                f"Uploaded files cannot be stored in {folder} ({fault.strerror}). Give it to the account that the site "
                "runs as, or name another folder in STORAGE_URL.",
                returncode=1,
            ) from fault
