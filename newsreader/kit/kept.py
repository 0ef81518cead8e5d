"""Things that this process keeps in memory because making them takes long, limited in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

from django.db.models import Model

from newsreader.kit.compiled_queries import Unmade

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Things by key; those that were not used for longest go first.

    Nothing is invalidated: the key holds everything that a thing depends on, so that a change asks for another.
    """

    def __init__(self, most: int):
        self._most, self._size = most, 0  # bytes
        self._things: OrderedDict[Hashable, tuple[Thing, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Thing | None:
        with self._lock:
            found = self._things.get(key)
            if found is None:
                return None
            self._things.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, thing: Thing, size: int) -> None:
        """Keep a thing of so many bytes."""
        with self._lock:
            if key in self._things:
                self._size -= self._things.pop(key)[1]
            self._things[key] = thing, size
            self._size += size
            while self._size > self._most:
                self._size -= self._things.popitem(last=False)[1][1]

    def clear(self) -> None:
        with self._lock:
            self._things.clear()
            self._size = 0


def values(row: Model | None) -> tuple[Any, ...]:
    """Return the columns of a row that was read, none of them JSON, for a key: `columns`, but faster.

    An `Unmade` has them as they came.
    """
    if type(row) is Unmade:
        return row.values
    return tuple([value for name, value in vars(row).items() if name[0] != "_"]) if row else ()


def columns(row: Model | None, but: Collection[str] = ()) -> list[Any]:
    """Return the columns of a row that was read, for a key."""
    read = vars(row) if row else {}
    return [value for name, value in read.items() if name[0] != "_" and name not in but]
