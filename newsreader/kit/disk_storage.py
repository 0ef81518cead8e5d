"""Where uploaded files are kept: Django's storage on a disk, with names that a disk can hold."""

from __future__ import annotations

from pathlib import PurePath

from django.core.files.storage import FileSystemStorage

MOST_BYTES = 200  # Of 255 that a name may have; Django appends some letters where the name is taken.


class Disk(FileSystemStorage):
    """Django counts the letters of a name, and file systems its bytes: 200 letters may take 800 of them."""

    def get_valid_name(self, name: str) -> str:
        name = super().get_valid_name(name)
        ending = PurePath(name).suffix.encode("utf-8", "ignore")[:20]
        if len(name.encode("utf-8", "ignore")) <= MOST_BYTES:
            return name
        stem = name.encode("utf-8", "ignore")[: MOST_BYTES - len(ending)]
        return (stem + ending).decode("utf-8", "ignore")
