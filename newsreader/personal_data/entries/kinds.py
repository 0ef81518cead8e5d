"""How an entry of the registry is written."""

from __future__ import annotations

from typing import NamedTuple


class Holds(NamedTuple):
    """A field holds somebody's data. Four short phrases for people who ask what is stored about them."""

    whose: str
    why: str
    kept: str  # how long
    erased: str  # how, when this person is erased


class Nobody(NamedTuple):
    """A field in which anything could be written holds no person, and why."""

    reason: str


Entry = Holds | Nobody
Entries = dict[str, Nobody | dict[str, Entry]]


def nobody(reason: str) -> Nobody:
    return Nobody(reason)


def each(entry: Entry, *fields: str) -> dict[str, Entry]:
    """Say the same of several fields."""
    return dict.fromkeys(fields, entry)


CODE = Nobody("a code, a name or a state of our own, chosen by the program")
HASH = Nobody("a hash of a text, which names nobody")
NEWSROOM = Nobody("what the newsroom writes and publishes under its own name")
ORIGIN = Nobody("the id of a row in the system that it was imported from")
DELETED = "the row is deleted"
EMPTIED = "emptied"
DETACHED = "the reference is emptied"
WHILE_ACCOUNT = "as long as the account"
WHILE_COMMENT = "as long as the comment"
