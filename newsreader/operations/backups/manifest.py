"""What a copy says of itself: when and from what it was made, and what must be in it. No passwords, no keys.

Beside it, SHA256SUMS holds the hashes of the manifest and of the database, as `sha256sum -c` reads them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from newsreader.operations.backups.errors import BackupError

NAME, SUMS = "manifest.json", "SHA256SUMS"
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class StoredFile:
    """An uploaded file: the hash of its content, and by what it is recognised as unchanged."""

    sha256: str
    size: int
    stamp: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    made_at: str
    site: str
    versions: dict[str, str]  # of Newsreader, Django, Python, and of what has written the database
    kind: str  # of database: `sqlite` or `postgresql`
    server: int  # PostgreSQL's major version; 0 with SQLite
    database: str  # the file
    migrations: list[str]
    tables: dict[str, int]  # rows
    head_number: int  # of the audit log
    head_hash: str
    recipients: list[str]
    media_folder: str
    media: dict[str, StoredFile]

    def write(self, copy: Path, database_hash: str) -> None:
        """Write it and the sums into a copy, and to the disk."""
        text = json.dumps({"format": FORMAT} | dataclasses.asdict(self), ensure_ascii=False, indent=1) + "\n"
        own = hashlib.sha256(text.encode()).hexdigest()
        for name, content in ((NAME, text), (SUMS, f"{own}  {NAME}\n{database_hash}  {self.database}\n")):
            with (copy / name).open("x", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())


def read(copy: Path) -> Manifest:
    """Return a copy's manifest. Raises BackupError where it is missing, damaged, or of a version to come."""
    try:
        text = (copy / NAME).read_bytes()
    except OSError as fault:
        raise BackupError(f"{copy.name}: its {NAME} cannot be read ({fault.strerror}).") from None
    if sums(copy).get(NAME) != hashlib.sha256(text).hexdigest():
        raise BackupError(f"{copy.name} is damaged: {NAME} is not what {SUMS} says.")
    try:
        values: dict[str, Any] = json.loads(text)
        if values.pop("format") != FORMAT:
            raise BackupError(f"{copy.name} was made by another version, in a format that this one does not know.")
        values["media"] = {name: StoredFile(**file) for name, file in values["media"].items()}
        return Manifest(**values)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError(f"{copy.name} is damaged: {NAME} is not a manifest.") from None


def sums(copy: Path) -> dict[str, str]:
    """Return the hashes that a copy notes of its files, by name. Raises BackupError."""
    try:
        text = (copy / SUMS).read_text("utf-8", "replace")
    except OSError as fault:
        raise BackupError(f"{copy.name}: its {SUMS} cannot be read ({fault.strerror}).") from None
    return {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.MULTILINE)}
