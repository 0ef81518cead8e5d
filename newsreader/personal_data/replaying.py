"""Erasing again, after a restore, everybody who was erased after the copy was made."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from newsreader.personal_data import erasures, people
from newsreader.personal_data.erasing import erase


class Replayed(NamedTuple):
    """How many people were erased again, and how many erasures nobody could compare."""

    people: int
    unknown: int


def replay(folder: Path, made_at: dt.datetime) -> Replayed:
    """Erase again whom the folder's erasures since then name and the database knows. Safe to run again.

    Somebody of the newsroom, too: their roles were ended before they were erased, and the copy is older.
    """
    found, unknown = erasures.matches(erasures.since(folder, made_at))
    for each in found:
        kind, _, value = each.key.partition(":")
        # An account that was erased has a key of its own; one that only names the address is somebody else's.
        person = people.find(value, named_too=False) if kind == "email" else people.of_account(int(value))
        if kind == "email" or person.accounts:  # Their address may have taken the account along.
            erase(person, keep_text=each.keep_text, members_too=True)
    return Replayed(len(found), unknown)
