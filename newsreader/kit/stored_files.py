"""What both kinds of storage can do besides Django's: list everything, and store under exactly a name, whole or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, NamedTuple


class StoredEntry(NamedTuple):
    """A file of the storage. `stamp` changes with its content."""

    name: str
    size: int  # bytes
    stamp: str


Fill = Callable[[IO[bytes]], object]  # writes a file's content
