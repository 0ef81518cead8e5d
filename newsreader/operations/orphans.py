"""Stored files that belong to nothing any more: pictures, their copies and portraits that no row and no text names.

They are left over where a process was killed, where an editor has replaced a picture, and from before removed portraits
were deleted at once. Young files are left alone: what is just being stored has its row a moment later.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.core.files.storage import default_storage
from django.utils import timezone

from articles import pictures as editors
from comments.posting import portraits
from newsreader.accounts import pictures as people
from newsreader.kit.stored_files import StoredEntry

logger = logging.getLogger(__name__)
FOLDERS = ("pictures/", "avatars/")  # Whatever else is in the storage is not ours.
AT_ONCE = 500  # files asked about in one query
MOST = 1_000  # files deleted in one run
SUSPECT = 100  # More than so many, and more than half of all: this may be the wrong database.


class Orphans(NamedTuple):
    """What a run has found: the names, their bytes, and whether they were deleted."""

    names: list[str]
    size: int
    deleted: bool


def clear(age: dt.timedelta, *, delete: bool = True) -> Orphans:
    """Delete files older than `age` that belong to nothing; without `delete`, only say in the log how many there are.

    Deletes nothing, and says so, where most files would go: they may belong to another database.
    """
    looked_at, found = 0, dict[str, int]()
    for entries in _batches(timezone.now() - age):
        looked_at += len(entries)
        names = [entry.name for entry in entries]
        known = people.shown([name for name in names if name.startswith("avatars/")])
        known |= editors.with_rows([name for name in names if name.startswith("pictures/")])
        found |= {entry.name: entry.size for entry in entries if entry.name not in known}
        if len(found) > MOST and looked_at > 2 * len(found):
            break
    for name in editors.in_texts([name for name in found if name.startswith("pictures/")]):
        del found[name]
    names, size = list(found)[:MOST], sum(list(found.values())[:MOST])
    if len(found) > SUSPECT and 2 * len(found) > looked_at:
        logger.error(
            "Stored files: %d of %d belong to nothing, so nothing is deleted: look first", len(found), looked_at
        )
        return Orphans(names, size, deleted=False)
    if names:
        logger.info(
            "Stored files: %d belong to nothing (%d kB)%s", len(names), size // 1000, "" if delete else ", left"
        )
    if delete:
        _delete(names)
    return Orphans(names, size, deleted=delete)


def _delete(names: Collection[str]) -> None:
    portraits.drop([name for name in names if name.startswith("avatars/")])
    for name in names:
        default_storage.delete(name)


def _batches(before: dt.datetime) -> Iterator[list[StoredEntry]]:
    storage: Any = default_storage
    old = (entry for entry in storage.entries() if entry.name.startswith(FOLDERS) and entry.changed_at < before)
    while batch := list(islice(old, AT_ONCE)):
        yield batch
