"""What has happened to accounts, published after commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureKept:
    """An identity has a new picture; `name` is its file in the storage."""

    identity_id: int
    name: str


@dataclass(frozen=True)
class AddressConfirmed:
    """Somebody has confirmed an address of their account by a code or a link that was mailed to it."""

    address: str


@dataclass(frozen=True)
class RoleGiven:
    """Somebody has accepted an invitation; `role` is the name of the group."""

    user_id: int
    role: str
