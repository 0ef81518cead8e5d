"""What a finished public page holds for: versions of what it shows, and a time.

A module of its own, so that whoever counts versions needs nothing of answers.
"""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

# What pages depend on beside articles, which are named by their ids.
SITE, LISTS = "site", "lists"
COMMENTS = "comments"  # the newest comments of the whole site


def version_of(rows: Iterable[Iterable[Hashable]]) -> int:
    """Return the version of what these rows say, in this process."""
    return hash(tuple(map(tuple, rows)))


class Depends(NamedTuple):
    """`versions`: by what they are of; `until`: seconds since 1970."""

    versions: tuple[tuple[Hashable, int], ...]
    until: float

    @property
    def asked(self) -> tuple[Hashable, ...]:
        """What versions are asked for by name; those of the site come with any answer."""
        return tuple(of for of, _ in self.versions if of not in {SITE, LISTS})
