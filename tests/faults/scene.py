"""A fault, and the scene of one: the stand that is broken, the load on it, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.faults.books import Books
from tests.faults.limits import Limits
from tests.faults.site import Site
from tests.faults.stand import Stand

SMALL_DISK, FAKETIME = "small disk", "faketime"  # what not every machine has


@dataclass
class Scene:
    stand: Stand
    site: Site
    books: Books
    seconds: float  # that the fault lasts


Strike = Callable[[Scene], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    name: str
    stand: str  # `postgresql` or `sqlite`
    strike: Strike
    limits: Limits
    seconds: float = 0.0  # that it lasts
    short: float | None = None  # the same in the short form; None: not part of it
    pictures: bool = False  # whether pictures are looked at meanwhile
    around: Strike | None = None  # what the whole scene takes place in, the load included
    needs: tuple[str, ...] = ()  # SMALL_DISK, FAKETIME
