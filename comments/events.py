"""What has happened to comments, told after commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EntriesMatched:
    """Entries of the editors' lists were found in what was posted or changed."""

    rule_ids: frozenset[int]
