"""What both kinds of storage can do besides Django's: list everything, and store under exactly a name, whole or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import IO, NamedTuple


class StoredEntry(NamedTuple):
    """A file of the storage. `stamp` changes with its content; `changed_at` is when it was last written."""

    name: str
    size: int  # bytes
    stamp: str
    changed_at: dt.datetime


Fill = Callable[[IO[bytes]], object]  # writes a file's content
