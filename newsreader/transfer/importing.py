"""Importing a file, for the command and the newsroom alike. What was cut short goes on; only one import runs."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import BinaryIO

from articles.models.origins import ImportRun
from articles.records import ArticleRecord
from comments.posting.importing import CommentRecord
from newsreader.kit.one_at_a_time import alone
from newsreader.transfer import IMPORTING
from newsreader.transfer.load import load
from newsreader.transfer.progress import Progress
from newsreader.transfer.readers import READERS, Record
from newsreader.transfer.report import Report
from newsreader.transfer.unpacking import unpacked


def import_file(
    source: str,
    file: io.BufferedReader,
    name: str,
    report: Report,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    packed: int | None = None,
) -> ImportRun:
    """Import an export of a system (`READERS`), or only fill the report with what an import would do.

    Returns the import, not stored where nothing came in. `packed`: an archive may grow as if it had so many bytes; None
    is its own size. Raises Unreadable, and AlreadyRunning where another import runs: then nothing was imported. A
    DatabaseError may come in between: the same again goes on. A dry run may look on while an import runs.
    """
    size, progress = os.fstat(file.fileno()).st_size, progress or Progress()
    with nullcontext() if dry_run else alone(IMPORTING):
        run = _run_of(source, file, name)
        if run.pk:
            progress.goes_on(run)
        records = _records(source, file, min(size, packed or size), progress)
        load(records, report, run, dry_run=dry_run, progress=progress.written)
    return run


def _run_of(source: str, file: io.BufferedReader, name: str) -> ImportRun:
    """Return the import of this file that was cut short, or else a new one, which is not stored yet."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    runs = ImportRun.objects.filter(source=source, digest=digest, finished_at=None, undone_at=None)
    return runs.order_by("pk").first() or ImportRun(source=source, file=name[:255], digest=digest)


def _records(source: str, file: BinaryIO, size: int, progress: Progress) -> Iterator[Record]:
    """Yield the records of a file, or of each file in an archive, one after the other."""
    for plain in unpacked(file, size):
        plain.seek(0, io.SEEK_END)
        whole = plain.tell()
        plain.seek(0)
        yield from _watched(READERS[source](plain), plain, whole, progress)


def _watched(records: Iterable[Record], file: BinaryIO, size: int, progress: Progress) -> Iterator[Record]:
    """Pass the records on, and tell how far the reader is."""
    articles, comments = 0, 0
    for record in records:
        articles += isinstance(record, ArticleRecord)
        comments += isinstance(record, CommentRecord)
        progress.read(100 * file.tell() // max(size, 1), articles, comments)
        yield record
