"""A copy into an empty site, and the drill: a copy into a scratch database, where it is compared.

Both read everything of the copy first and compare its hashes, so that a damaged copy changes nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from django.core.management import call_command
from django.db import connection
from pyrage.x25519 import Identity

from comments.audit.audit_log import Fault, Head, verify
from newsreader.operations.backups import databases, encryption, folder, manifest, media, postgresql, sqlite
from newsreader.operations.backups.errors import BackupError, told_in_one_line
from newsreader.operations.private_files import private_umask
from newsreader.personal_data.replaying import Replayed, replay


class Restored(NamedTuple):
    """What has been restored, from which copy, and what is worth saying about it."""

    copy: Path
    manifest: manifest.Manifest
    media: media.Restored
    migrated: bool  # from an older version's tables to those of this one
    faults: list[Fault]  # of the audit log, which the copy had already
    replayed: Replayed  # who was erased after the copy was made


def restore(copies: Path, name: str = "", identity: Path | None = None) -> Restored:
    """Restore the newest copy, or that of a name, into this site, which is empty. Raises BackupError.

    Uploaded files first: a restore that is cut short leaves an empty site, and can be run again.
    """
    with private_umask(), told_in_one_line("The restore was not finished."), folder.held(copies, alone=False):
        copy = folder.chosen(copies, name)
        described, keys = manifest.read(copy), encryption.identities(identity)
        _refuse_unfitting(described)
        absent = described.kind == "postgresql" and postgresql.is_absent()
        if not absent and not databases.is_empty():
            raise BackupError("This site is not empty, and nothing is restored over it. Name an empty database.")
        _check(copy, described, keys)
        if absent:
            postgresql.create()
        files = media.restore(copies, described, keys)
        if described.kind == "postgresql":
            postgresql.drop_tables()
        _restore_database(copy, described, keys, str(connection.settings_dict["NAME"]))
        _compare(described)
        faults = verify(Head(described.head_number, described.head_hash))[1] if _is_of_today(described) else []
        migrated = not _is_of_today(described)
        if migrated:
            call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        replayed = replay(copies, folder.made_at(copy))
    return Restored(copy, described, files, migrated, faults, replayed)


def erase_again(copies: Path, name: str = "") -> Replayed:
    """Do the last step of `restore` alone, where it was cut short. Raises BackupError."""
    with told_in_one_line("Not everybody was erased again."), folder.held(copies, alone=False):
        return replay(copies, folder.made_at(folder.chosen(copies, name)))


class Drilled(NamedTuple):
    """A copy that was restored into a scratch database, and is as its manifest says."""

    copy: Path
    manifest: manifest.Manifest


def drill(copies: Path, name: str = "", identity: Path | None = None) -> Drilled:
    """Restore the newest copy, or that of a name, into a scratch database, and compare. Raises BackupError."""
    with private_umask(), told_in_one_line("The copy was not verified."), folder.held(copies, alone=False):
        copy = folder.chosen(copies, name)
        described, keys = manifest.read(copy), encryption.identities(identity)
        _refuse_unfitting(described)
        _check(copy, described, keys)
        with _scratch() as scratch, databases.looking_at(scratch):
            _restore_database(copy, described, keys, scratch)
            _compare(described)
            if not _is_of_today(described):  # The log is read through today's models.
                call_command("migrate", verbosity=0, interactive=False)
            _, faults = verify(Head(described.head_number, described.head_hash))
        if faults:
            where = f"entry {faults[0].number}" if faults[0].number else faults[0].detail
            raise BackupError(f"The audit log of the copy does not verify: {where}: {faults[0].code}.")
    return Drilled(copy, described)


@contextmanager
def _scratch() -> Iterator[str]:
    """Give the name of a database that is empty and goes afterwards."""
    if connection.vendor == "postgresql":
        with postgresql.scratch() as name:
            yield name
    else:
        with tempfile.TemporaryDirectory(prefix="newsreader-drill-") as place:
            yield f"{place}/scratch.sqlite3"


def _refuse_unfitting(described: manifest.Manifest) -> None:
    if described.kind != connection.vendor:
        raise BackupError(f"The copy is of {described.kind}, and DATABASE_URL names {connection.vendor}.")
    if unknown := sorted(set(described.migrations) - databases.of_this_version()):
        raise BackupError(f"The copy was made by a newer version: this one does not know the migration {unknown[0]}.")
    if described.kind == "postgresql" and (major := postgresql.server()) < described.server:
        raise BackupError(f"The copy is of PostgreSQL {described.server}, and this server is older: {major}.")


def _check(copy: Path, described: manifest.Manifest, keys: Sequence[Identity]) -> None:
    """Compare the hash of everything. Raises BackupError that names what is missing or damaged."""
    file = copy / described.database
    try:
        stored = encryption.hash_of(file)
    except FileNotFoundError:
        raise BackupError(f"The copy is damaged: {copy.name}/{file.name} is missing.") from None
    if stored != manifest.sums(copy).get(file.name):
        raise BackupError(f"The copy is damaged: {copy.name}/{file.name} is not what {manifest.SUMS} says.")
    if described.recipients:
        encryption.read_into(file, None, keys)  # Whether a key fits is known before anything is changed.
    media.check(copy.parent, described, keys)


def _restore_database(copy: Path, described: manifest.Manifest, keys: Sequence[Identity], name: str) -> None:
    file = copy / described.database
    if connection.vendor == "postgresql":
        connection.close()
        made_with = int(described.versions["database"].rpartition(" ")[2])
        postgresql.restore(name, lambda target: encryption.read_into(file, target, keys), made_with)
        return
    connection.close()
    plain = sqlite.beside(Path(name), file.stat().st_size) if described.recipients else nullcontext(file)
    with plain as source:
        if described.recipients:
            with source.open("xb") as target:
                encryption.read_into(file, target, keys)
        sqlite.restore(source.resolve(), Path(name))


def _compare(described: manifest.Manifest) -> None:
    """Raise BackupError where the database is not what the manifest says."""
    found = databases.content()
    for table, rows in described.tables.items():
        if found.tables.get(table) != rows:
            there = found.tables.get(table, "no")
            raise BackupError(f"What was restored differs: {table} has {there} rows, and the manifest says {rows}.")
    if (found.head.number, found.head.hash) != (described.head_number, described.head_hash):
        raise BackupError("What was restored differs: the audit log has another head than the manifest says.")
    if connection.vendor == "sqlite" and (faults := sqlite.faults()):
        raise BackupError(f"The database of the copy is damaged: {faults[0]}.")


def _is_of_today(described: manifest.Manifest) -> bool:
    return set(described.migrations) >= databases.of_this_version()
