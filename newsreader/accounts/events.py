"""What has happened to accounts, published after commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureKept:
    """An identity has a new picture; `name` is its file in the storage."""

    identity_id: int
    name: str
