"""A new copy of the site, while it runs.

The database is copied first, the uploaded files after it: a file is stored before the row that names it, so that every
row of the copy finds its file. The manifest comes last, and then the copy's name.
"""

from __future__ import annotations

import datetime as dt
import platform
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import django
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from pyrage.x25519 import Recipient

from newsreader.operations.backups import MADE, encryption, folder, manifest, media, postgresql, sqlite
from newsreader.operations.backups.databases import Content, content, looking_at
from newsreader.operations.backups.errors import BackupError, told_in_one_line
from newsreader.operations.private_files import private_umask
from newsreader.personal_data import erasures

PYPROJECT = settings.BASE_DIR / "pyproject.toml"


class Made(NamedTuple):
    """A new copy: where it is, what it holds, what of it is new, and which older ones have been removed."""

    path: Path
    manifest: manifest.Manifest
    size: int  # bytes of the database, as stored
    new_files: int
    new_bytes: int
    pruned: list[str]
    kept_because: str  # why nothing could be pruned; empty if all is well


def back_up(copies: Path, *, now: dt.datetime, keep_days: int | None = None) -> Made:
    """Make a copy in a folder of copies. With `keep_days`, remove older ones afterwards.

    Raises BackupError; what had been begun is gone then.
    """
    with private_umask(), told_in_one_line("No backup was made."):
        keys = encryption.recipients(settings.BACKUP_RECIPIENT)
        copies.mkdir(parents=True, exist_ok=True)
        erasures.remember(copies)
        with folder.held(copies, alone=True):
            with folder.begun(copies, now) as partial:
                described, kept = _fill(partial, copies, keys, now)
                size = (partial / described.database).stat().st_size
                name = partial.name.removeprefix(folder.PARTIAL)
            erasures.bring_up_to_date(copies)
            with suppress(DatabaseError):  # The copy is there all the same.
                cache.set(MADE, now.timestamp(), timeout=None)
            pruned, why = [], ""
            if keep_days is not None:
                try:
                    pruned = folder.prune(copies, now - dt.timedelta(days=keep_days))
                except BackupError as fault:
                    why = str(fault)
    return Made(copies / name, described, size, kept.new, kept.size, pruned, why)


def _fill(
    partial: Path, copies: Path, keys: Sequence[Recipient], now: dt.datetime
) -> tuple[manifest.Manifest, media.Kept]:
    if connection.vendor == "sqlite":
        file, found = _from_sqlite(partial, keys)
        server, wrote = 0, f"SQLite {sqlite3.sqlite_version}"
    else:
        file, found = _from_postgresql(partial, keys)
        server = postgresql.server()
        wrote = f"PostgreSQL {server}, pg_dump {postgresql.tool('pg_dump', server)[1]}"
    media_folder = media.folder_for(settings.BACKUP_RECIPIENT)
    kept = media.keep(copies / media_folder, _known(copies, media_folder), keys)
    described = manifest.Manifest(
        made_at=now.isoformat(timespec="seconds"),
        site=settings.SITE_URL,
        versions={
            "newsreader": version(),
            "django": django.get_version(),
            "python": platform.python_version(),
            "database": wrote,
        },
        kind=connection.vendor,
        server=server,
        database=file,
        migrations=found.migrations,
        tables=found.tables,
        head_number=found.head.number,
        head_hash=found.head.hash,
        recipients=list(settings.BACKUP_RECIPIENT),
        media_folder=media_folder,
        media=kept.files,
    )
    described.write(partial, encryption.hash_of(partial / file))
    return described, kept


def _from_sqlite(partial: Path, keys: Sequence[Recipient]) -> tuple[str, Content]:
    live = Path(connection.settings_dict["NAME"])
    if not live.is_file():
        raise BackupError(f"{live} is not there: there is no database to back up.")
    name = "database.sqlite3"
    with sqlite.beside(live, live.stat().st_size if keys else 0) as beside:
        copy = beside if keys else partial / name
        sqlite.copy(live, copy)
        with looking_at(str(copy)):
            found = content()
        sqlite.in_one_file(copy)
        if keys:
            name = f"{name}{encryption.ENDING}"
            with copy.open("rb") as source:
                encryption.write(source, partial / name, keys)
    folder.to_disk(partial / name)
    return name, found


def _from_postgresql(partial: Path, keys: Sequence[Recipient]) -> tuple[str, Content]:
    name = f"database.dump{encryption.ENDING if keys else ''}"
    with postgresql.one_moment():
        found = content()
        postgresql.dump(lambda dump: encryption.write(dump, partial / name, keys))
    return name, found


def _known(copies: Path, media_folder: str) -> dict[str, manifest.StoredFile]:
    """Return the files of the newest copy that has them in the same folder."""
    for copy in reversed(folder.copies(copies)):
        try:
            last = manifest.read(copy)
        except BackupError:  # Whoever verifies or restores it is told; here all files are read anew.
            continue
        if last.media_folder == media_folder:
            return last.media
    return {}


def version() -> str:
    """Return the version of this code."""
    lines = PYPROJECT.read_text("utf-8").splitlines()
    return next((line.split('"')[1] for line in lines if line.startswith("version = ")), "unknown")
