"""Storing uploaded files on a disk: Django's storage, with names that are not too long for a file system."""

from __future__ import annotations

from pathlib import PurePath

from django.core.files.storage import FileSystemStorage

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
