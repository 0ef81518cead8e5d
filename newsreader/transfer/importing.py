"""Importing files, for the command and the newsroom alike. What was cut short goes on; only one import runs."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from articles.models.origins import ImportRun
from articles.records import AddressRecord, ArticleRecord
from comments.posting.importing import CommentRecord
from newsreader.kit.one_at_a_time import alone
from newsreader.transfer import IMPORTING
from newsreader.transfer.errors import Unreadable
from newsreader.transfer.load import load
from newsreader.transfer.progress import Progress
from newsreader.transfer.readers import READERS, Record
from newsreader.transfer.report import Report
from newsreader.transfer.unpacking import unpacked

LONGEST_NAME = 255  # code points, of the names of all files together


class Given(NamedTuple):
    """A file that is to be imported, and what the report calls it."""

    path: Path
    name: str


def import_files(
    source: str,
    given: Sequence[Given],
    report: Report,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    packed: int | None = None,
) -> ImportRun:
    """Import the files of an export of a system (`READERS`), or only fill the report with what an import would do.

    Returns the import, not stored where nothing came in. `packed`: an archive may grow as if it had so many bytes; None
    is its own size. Raises OSError, Unreadable, and AlreadyRunning where another import runs: then nothing was
    imported. A DatabaseError may come in between: the same again goes on. A dry run may look on while an import runs.
    """
    report.files, progress = [each.name for each in given], progress or Progress()
    distinct = _distinct(given, report)
    with nullcontext() if dry_run else alone(IMPORTING):
        run = _run_of(source, distinct)
        if run.pk:
            progress.goes_on(run)
        records = _records(source, _Files(list(distinct.values()), packed), progress)
        load(records, report, run, dry_run=dry_run, progress=progress.written)
    return run


def _distinct(given: Sequence[Given], report: Report) -> dict[str, Given]:
    """Return the files by their digests, with a remark on each that has the content of another."""
    found: dict[str, Given] = {}
    for each in given:
        with each.path.open("rb") as file:
            file.seek(0)  # Refuses a pipe, which cannot be read a second time.
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if (first := found.setdefault(digest, each)) is not each:
            report.remark("file_given_twice", each.name, first.name, left_out=True, file=each.name)
    return found


def _run_of(source: str, files: dict[str, Given]) -> ImportRun:
    """Return the import of these files, in any order, that was cut short, or else a new one, not stored yet."""
    digests = sorted(files)
    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    runs = ImportRun.objects.filter(source=source, digest=digest, finished_at=None, undone_at=None)
    named = ", ".join(each.name for each in files.values())
    named = named if len(named) <= LONGEST_NAME else f"{named[: LONGEST_NAME - 2]} …"
    return runs.order_by("pk").first() or ImportRun(source=source, file=named, digest=digest)


class _Files:
    """The plain files of an import, those of archives unpacked, anew each time that somebody goes through them.

    One of them is open at a time: `given` is the one that it came from.
    """

    def __init__(self, files: Sequence[Given], packed: int | None) -> None:
        self._files, self._packed = files, packed
        self._sizes = [each.path.stat().st_size for each in files]
        self._before = self._size = self._whole = 0
        self._plain: BinaryIO = io.BytesIO()
        self.given = files[0]

    def __iter__(self) -> Iterator[BinaryIO]:
        self._before = 0
        for each, size in zip(self._files, self._sizes, strict=True):
            self.given, self._size = each, size
            with each.path.open("rb") as file:
                for plain in unpacked(file, min(size, self._packed or size)):
                    self._plain, self._whole = plain, plain.seek(0, io.SEEK_END)
                    plain.seek(0)
                    yield plain
            self._before += size

    def percent(self) -> int:
        """Return how much of all files was read."""
        of_this = self._size * self._plain.tell() // max(self._whole, 1)
        return 100 * (self._before + of_this) // max(sum(self._sizes), 1)


def _records(source: str, files: _Files, progress: Progress) -> Iterator[Record]:
    """Yield the records of all files, each with the name of its file, and tell how far the reader is."""
    articles, comments = 0, 0
    try:
        for record in READERS[source](files):
            articles += isinstance(record, ArticleRecord)
            comments += isinstance(record, CommentRecord)
            progress.read(files.percent(), articles, comments)
            yield record if isinstance(record, AddressRecord) else replace(record, file=files.given.name)
    except Unreadable as error:
        error.file = str(files.given.path)
        raise
