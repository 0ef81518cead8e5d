"""A comment's place in reading order, as text: sorting by path gives the thread depth first.

A path is the parent's path and one more segment: the time, then the id, both in base 36 of fixed width. So siblings are
sorted by time and id, and a subtree is one range of an index. Paths stop growing at ten levels, since an index row has
a limited size: deeper comments are sorted by time under their ancestor of the ninth level.
"""

import datetime as dt

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
TIME_WIDTH, ID_WIDTH = 11, 7  # microseconds since the year 1, good until 4171; 78 billion comments
SEGMENT = TIME_WIDTH + ID_WIDTH
LEVELS = 10
LENGTH = SEGMENT * LEVELS
_START = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def base36(number: int, width: int) -> str:
    """Return the number in base 36, padded to this width; a number too large becomes the largest that fits."""
    number = max(0, min(number, 36**width - 1))
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))


def segment(created_at: dt.datetime, pk: int) -> str:
    return base36((created_at - _START) // _MICROSECOND, TIME_WIDTH) + base36(pk, ID_WIDTH)


def path_of(parent: str, created_at: dt.datetime, pk: int) -> str:
    """Return the path of a comment whose parent has this path (empty: a root)."""
    return parent[: SEGMENT * (LEVELS - 1)] + segment(created_at, pk)


def subtree(path: str) -> tuple[str, str]:
    """Return bounds for the paths under a path: they are greater than the first and less than the second."""
    return path, path + "z"


class PathField(models.CharField):
    """Text compared byte by byte, so that order and ranges mean the same on every database."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, str | None]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters
