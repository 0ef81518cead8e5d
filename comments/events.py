"""What has happened to comments, published after commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EntriesMatched:
    """Filter entries were found in what was posted or edited."""

    entry_ids: frozenset[int]
