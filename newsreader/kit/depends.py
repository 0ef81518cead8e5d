"""What a finished public page holds for: versions of what it shows, and a time.

A module of its own, so that whoever counts versions needs nothing of answers.
"""

from collections.abc import Hashable
from typing import NamedTuple

SITE, LISTS = "site", "lists"  # what pages depend on beside articles, which are named by their ids


class Depends(NamedTuple):
    """`versions`: by what they are of; `until`: seconds since 1970."""

    versions: tuple[tuple[Hashable, int], ...]
    until: float
