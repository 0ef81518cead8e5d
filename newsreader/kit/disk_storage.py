"""Storing uploaded files on a disk: Django's storage, with names that are not too long for a file system."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from newsreader.kit.stored_files import Fill, StoredEntry

MOST_BYTES = 200  # of 255 that a name may have; Django appends some letters if the name is taken


class Disk(FileSystemStorage):
    """Limits names in bytes, as file systems do. Django counts characters, and 200 of them can take 800 bytes."""

    def get_valid_name(self, name: str) -> str:
        name = super().get_valid_name(name)
        ending = PurePath(name).suffix.encode("utf-8", "ignore")[:20]
        if len(name.encode("utf-8", "ignore")) <= MOST_BYTES:
            return name
        stem = name.encode("utf-8", "ignore")[: MOST_BYTES - len(ending)]
        return (stem + ending).decode("utf-8", "ignore")

    def entries(self) -> Iterator[StoredEntry]:
        """Yield every file, in no order. Names that begin with a dot are left out: those of half files, and others'."""
        base = Path(self.location)
        for folder, names, files in os.walk(base):
            names[:] = [name for name in names if not name.startswith(".")]
            for path in (Path(folder, file) for file in files if not file.startswith(".")):
                try:
                    known = path.stat()
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(known.st_mode):
                    at = dt.datetime.fromtimestamp(known.st_mtime, dt.UTC)
                    yield StoredEntry(path.relative_to(base).as_posix(), known.st_size, str(known.st_mtime_ns), at)

    def put(self, name: str, fill: Fill) -> None:
        """Store under exactly this name what `fill` writes, whole or not at all."""
        target = Path(self.path(name))
        draft = self.save((PurePath(name).parent / f".{secrets.token_hex(8)}").as_posix(), ContentFile(b""))
        try:
            with Path(self.path(draft)).open("wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            Path(self.path(draft)).replace(target)
        except BaseException:
            Path(self.path(draft)).unlink(missing_ok=True)
            raise
