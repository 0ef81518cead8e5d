"""Uploaded files in the copies: kept once, under the hash of their content, so that only what is new is copied.

Files for different keys are in different folders, since nobody can read all of them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from django.core.files.storage import default_storage
from pyrage.x25519 import Identity, Recipient

from newsreader.kit.stored_files import StoredEntry
from newsreader.operations.backups.encryption import ENDING, read_into, write
from newsreader.operations.backups.errors import BackupError
from newsreader.operations.backups.folder import PARTIAL
from newsreader.operations.backups.manifest import Manifest, StoredFile

AGAIN = 1.0  # second until a file is looked at again that was being written


def folder_for(recipients: Sequence[str]) -> str:
    """Return the name of the folder of files that these can read."""
    if not recipients:
        return "media"
    return f"media-{hashlib.sha256(' '.join(sorted(recipients)).encode()).hexdigest()[:12]}"


def place(media: Path, sha256: str, *, encrypted: bool) -> Path:
    """Return where a content is kept."""
    return media / sha256[:2] / f"{sha256}{ENDING if encrypted else ''}"


class Kept(NamedTuple):
    """Every file by its name, and how many files and bytes are new."""

    files: dict[str, StoredFile]
    new: int
    size: int


def keep(media: Path, known: Mapping[str, StoredFile], keys: Sequence[Recipient]) -> Kept:
    """Copy what is new. `known` are the files of the last copy in the same folder: what has not changed is not read.

    A file that changes or goes while it is read is looked at once more.
    """
    media.mkdir(exist_ok=True)
    for left in media.glob(f"{PARTIAL}*"):
        left.unlink()
    files: dict[str, StoredFile] = {}
    new = size = 0
    for entry in _twice(files):
        before = known.get(entry.name)
        unchanged = before and (before.size, before.stamp) == (entry.size, entry.stamp)
        if before and unchanged and place(media, before.sha256, encrypted=bool(keys)).is_file():
            files[entry.name] = before
            continue
        partial = media / f"{PARTIAL}file"
        try:
            with default_storage.open(entry.name) as source:
                written = write(cast("IO[bytes]", source), partial, keys)
            if written.size == entry.size:
                target = place(media, written.content, encrypted=bool(keys))
                target.parent.mkdir(exist_ok=True)
                if not target.is_file():
                    new, size = new + 1, size + written.size
                partial.replace(target)  # In place of one that may be damaged, too.
                files[entry.name] = StoredFile(written.content, entry.size, entry.stamp)
        except FileNotFoundError:
            continue
        finally:
            partial.unlink(missing_ok=True)
    return Kept(files, new, size)


def _twice(done: Mapping[str, StoredFile]) -> Iterator[StoredEntry]:
    """Yield every stored file, and once more those that are not done then."""
    storage: Any = default_storage
    listed = 0
    for entry in storage.entries():
        listed += 1
        yield entry
    if len(done) < listed:
        time.sleep(AGAIN)
        for entry in storage.entries():
            if entry.name not in done:
                yield entry


def check(copies: Path, manifest: Manifest, keys: Sequence[Identity]) -> None:
    """Read every file of a copy and compare its hash. Raises BackupError if one is missing or damaged."""
    wrong: list[str] = []
    contents = {file.sha256: name for name, file in manifest.media.items()}
    for sha256, name in contents.items():
        path = place(copies / manifest.media_folder, sha256, encrypted=bool(manifest.recipients))
        where = path.relative_to(copies)
        try:
            if read_into(path, None, keys) != sha256:
                wrong.append(f"{where} ({name}) is damaged")
        except FileNotFoundError:
            wrong.append(f"{where} ({name}) is missing")
        except BackupError as fault:
            if "damaged" not in str(fault):
                raise
            wrong.append(f"{where} ({name}) is damaged")
    if wrong:
        more = f", and {len(wrong) - 1} more of {len(contents)}" if len(wrong) > 1 else ""
        raise BackupError(f"The copy is damaged: {wrong[0]}{more}.")


class Restored(NamedTuple):
    """How many files were added, and which were there already with another content."""

    added: int
    different: list[str]


def restore(copies: Path, manifest: Manifest, keys: Sequence[Identity]) -> Restored:
    """Add the files that are missing; those that are there stay."""
    storage: Any = default_storage
    there = {entry.name for entry in storage.entries()}
    added, different = 0, []
    for name, file in manifest.media.items():
        if name in there:
            with storage.open(name) as present:
                if hashlib.file_digest(present, "sha256").hexdigest() != file.sha256:
                    different.append(name)
            continue
        path = place(copies / manifest.media_folder, file.sha256, encrypted=bool(manifest.recipients))
        storage.put(name, lambda target, path=path: read_into(path, target, keys))
        added += 1
    return Restored(added, different)
