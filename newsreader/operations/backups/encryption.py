"""Files that only the owner of a key can read, in the format of `age`, which its own tools read too.

The site knows the recipient's public key alone: who breaks into it cannot read its copies.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import pyrage
from pyrage.x25519 import Identity, Recipient

from newsreader.operations.backups.errors import BackupError

ENDING = ".age"
PIECE = 1 << 20  # bytes


def recipients(keys: Sequence[str]) -> list[Recipient]:
    """Return who may read new copies. Raises BackupError for what is no public key."""
    try:
        return [Recipient.from_str(key) for key in keys]
    except pyrage.RecipientError:
        raise BackupError("BACKUP_RECIPIENT: a public key has a slip in it; `age-keygen -y FILE` prints it.") from None


def identities(path: Path | None) -> list[Identity]:
    """Return the private keys in a file of `age-keygen`; none without a file. Raises BackupError."""
    if path is None:
        return []
    try:
        lines = [line.strip() for line in path.read_text("ascii").splitlines()]
        found = [Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except OSError as fault:
        raise BackupError(f"{path}: {fault.strerror}") from None
    except (UnicodeDecodeError, pyrage.IdentityError):
        found = []
    if not found:
        raise BackupError(f"{path} holds no private key of age (AGE-SECRET-KEY-…).")
    return found


class Written(NamedTuple):
    """The hash of what was read, and how many bytes that was."""

    content: str
    size: int


def hash_of(path: Path) -> str:
    """Return the hash of a file as it is stored."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Passed:
    """A file that hashes and counts what passes. Remembers its own fault: the library would tell only its words."""

    def __init__(self, file: IO[bytes] | None) -> None:
        self.file, self.hash, self.size = file, hashlib.sha256(), 0
        self.fault: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            piece = self.file.read(size) if self.file else b""
        except OSError as fault:
            self.fault = fault
            raise
        self._pass(piece)
        return piece

    def write(self, piece: bytes) -> int:
        try:
            if self.file:
                self.file.write(piece)
        except OSError as fault:
            self.fault = fault
            raise
        self._pass(piece)
        return len(piece)

    def flush(self) -> None:
        if self.file:
            self.file.flush()

    def _pass(self, piece: bytes) -> None:
        self.hash.update(piece)
        self.size += len(piece)


def write(source: IO[bytes], path: Path, keys: Sequence[Recipient]) -> Written:
    """Write everything of a source to a new file, encrypted if there are keys, and to the disk. Constant memory."""
    read = _Passed(source)
    with path.open("xb") as file:
        written = _Passed(file)
        if keys:
            try:
                pyrage.encrypt_io(read, written, keys)
            except pyrage.EncryptError:
                raise read.fault or written.fault or BackupError(f"{path.name} could not be encrypted.") from None
        else:
            while piece := read.read(PIECE):
                written.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return Written(read.hash.hexdigest(), read.size)


def read_into(path: Path, target: IO[bytes] | None, keys: Sequence[Identity]) -> str:
    """Read a file, decrypted if its name says so, into another file or nowhere. Returns the hash of its content.

    Raises BackupError where it is damaged, or where no key fits.
    """
    out = _Passed(target)
    with path.open("rb") as file:
        if path.suffix == ENDING:
            if not keys:
                raise BackupError(f"{path.name} is encrypted: name the file of the private key with --identity.")
            source = _Passed(file)
            try:
                pyrage.decrypt_io(source, out, keys)
            except pyrage.DecryptError as fault:
                if "No matching keys" in str(fault):
                    raise BackupError(f"{path.name} is encrypted for another key than the one given.") from None
                raise source.fault or out.fault or BackupError(f"{path.name} is damaged.") from None
            except OSError:  # Also the library's word for what was changed.
                raise source.fault or out.fault or BackupError(f"{path.name} is damaged.") from None
        else:
            while piece := file.read(PIECE):
                out.write(piece)
    return out.hash.hexdigest()
