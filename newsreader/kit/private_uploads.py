"""Files that somebody sends to be worked on once: in a private folder of this host, each with what became of it so far.

`settings.UPLOAD_FOLDER` has a folder for each, which only the site's own account can read. A file goes when the work is
done, what is known of it some days later.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Upload:
    """A file that was sent, by its id. `facts` is plain data: whatever whoever works on it writes down."""

    id: str
    facts: dict[str, Any]

    @property
    def folder(self) -> Path:
        return Path(settings.UPLOAD_FOLDER) / self.id

    @property
    def file(self) -> Path:
        return self.folder / "file"

    def note(self, **facts: Any) -> None:
        """Write these facts down, beside those that are known. Whoever reads meanwhile sees the old or the new ones."""
        self.facts.update(facts)
        draft = self.folder / f"facts.{os.getpid()}"
        try:
            draft.write_text(json.dumps(self.facts), encoding="utf-8")
            draft.replace(self.folder / "facts")
        except FileNotFoundError:  # Somebody has discarded it meanwhile.
            return

    def drop_file(self) -> None:
        """Delete the file, and keep what is known of it."""
        self.file.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete the file and what is known of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def keep(chunks: Iterable[bytes], **facts: Any) -> Upload:
    """Keep a file. Raises OSError where there is no room for it; then nothing stays of it."""
    upload = Upload(secrets.token_hex(16), facts)
    Path(settings.UPLOAD_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    upload.folder.mkdir(mode=0o700)
    try:
        with os.fdopen(os.open(upload.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
        upload.note()
    except BaseException:
        upload.discard()
        raise
    return upload


def find(id: str) -> Upload | None:
    """Return an upload by its id; None if there is none on this host."""
    if not _ID.fullmatch(id):
        return None
    try:
        return Upload(id, json.loads((Path(settings.UPLOAD_FOLDER) / id / "facts").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def found() -> Iterator[Upload]:
    """Yield all that are kept, the newest first."""
    folders = [path for path in Path(settings.UPLOAD_FOLDER).glob("*") if _ID.fullmatch(path.name)]
    for folder in sorted(folders, key=_changed, reverse=True):
        if upload := find(folder.name):
            yield upload


def forget_old(age: dt.timedelta) -> int:
    """Discard those that nobody has worked on for so long. Returns how many."""
    folders = [path for path in Path(settings.UPLOAD_FOLDER).glob("*") if _ID.fullmatch(path.name)]
    old = [folder for folder in folders if _changed(folder) < time.time() - age.total_seconds()]
    for folder in old:
        Upload(folder.name, {}).discard()
    return len(old)


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # It has gone meanwhile.
        return 0.0
