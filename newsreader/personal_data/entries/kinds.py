"""How an entry of the registry is written."""

from __future__ import annotations

from typing import NamedTuple

from newsreader.accounts.models import Retention


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
Entries = dict[str, dict[str, Entry]]


def nobody(reason: str, *fields: str) -> dict[str, Entry]:
    """Say of these fields that they hold no person, all for one reason."""
    return each(Nobody(reason), *fields)


def each(entry: Entry, *fields: str) -> dict[str, Entry]:
    """Say the same of several fields."""
    return dict.fromkeys(fields, entry)


def term(*settings: str, words: str = "{}") -> str:
    """Say how long it is kept, by the defaults of fields of Retention: "30 days unless confirmed (a setting)"."""
    spans = []
    for name in settings:
        number, unit = getattr(Retention(), name), "hour" if name.endswith("_hours") else "day"
        spans.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return f"{words.format(*spans)} (a setting)"


CODE = Nobody("a code, a name or a state of our own, chosen by the program")
HASH = Nobody("a hash of a text, which names nobody")
NEWSROOM = Nobody("what the newsroom writes and publishes under its own name")
ORIGIN = Nobody("the id of a row in the system that it was imported from")
DELETED = "the row is deleted"
EMPTIED = "emptied"
DETACHED = "the reference is emptied"
WHILE_ACCOUNT = "as long as the account"
WHILE_COMMENT = "as long as the comment"
