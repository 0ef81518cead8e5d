"""Import another system's export: `manage.py import_site --from wordpress FILE`.

The whole file is read before anything is written, then written in short transactions, between which others write. An
import that was cut short goes on when the same command is run again. A dry run writes nothing and locks nobody.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, IntegrityError

from articles.models.origins import ImportRun
from articles.records import ArticleRecord
from comments.posting.importing import CommentRecord
from newsreader.kit.database_faults import is_away
from newsreader.kit.one_at_a_time import AlreadyRunning, alone
from newsreader.transfer import IMPORTING
from newsreader.transfer.errors import Unreadable
from newsreader.transfer.load import load
from newsreader.transfer.readers import READERS, Record
from newsreader.transfer.report import Report
from newsreader.transfer.unpacking import unpacked

EVERY = 3  # seconds between two lines of progress


class Command(BaseCommand):
    help = "Import articles and comments from another system's export. Running it again changes nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--from", dest="source", required=True, choices=sorted(READERS))
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Report what would be imported, and change nothing.")
        parser.add_argument("--report", metavar="FILE.json", type=Path, help="Write the full report to this file.")

    def handle(self, *args: Any, **options: Any) -> None:
        path, report, self._said = options["file"], Report(), time.monotonic()
        if options["report"]:
            _refuse_unwritable(options["report"])
        try:
            # A dry run may look on while an import runs.
            with path.open("rb") as file, nullcontext() if options["dry_run"] else alone(IMPORTING):
                run = self._run(options["source"], file, path)
                records = self._read(options["source"], file, path.stat().st_size)
                load(records, report, run, dry_run=options["dry_run"], progress=self._written)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from error
        except Unreadable as error:
            raise CommandError(f"{path}: {error}. Nothing was imported.") from error
        except AlreadyRunning:
            raise CommandError("Another import is running, or one is being taken out. Nothing was imported.") from None
        except DatabaseError as error:
            if not (isinstance(error, IntegrityError) or is_away(error)):
                raise
            reason = "something else was written at the same time" if isinstance(error, IntegrityError) else error
            goes_on = "The import was cut short; run it again, and it goes on."
            raise CommandError(f"{path}: {' '.join(str(reason).split())}. {goes_on}") from error
        if options["report"]:
            facts = {"from": options["source"], "file": path.name, "dry_run": options["dry_run"]}
            facts["import"] = None if options["dry_run"] else run.pk
            text = json.dumps(facts | report.as_json(), ensure_ascii=False, indent=1)
            options["report"].write_text(text + "\n", encoding="utf-8")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed; this is what an import would do.")
        self.stdout.write(report.as_text())
        if run.pk and not options["dry_run"]:
            self.stdout.write(f"This was import {run.pk}. To take it out again: manage.py undo_import {run.pk}")

    def _run(self, source: str, file: io.BufferedReader, path: Path) -> ImportRun:
        """Return the import of this file that was cut short, or else a new one, which is not stored yet."""
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        runs = ImportRun.objects.filter(source=source, digest=digest, finished_at=None, undone_at=None)
        if run := runs.order_by("pk").first():
            self.stderr.write(f"Import {run.pk} of this file was cut short; it goes on.")
            return run
        return ImportRun(source=source, file=path.name[:255], digest=digest)

    def _read(self, source: str, file: BinaryIO, size: int) -> Iterator[Record]:
        """Yield the records of a file, or of each file in an archive, one after the other."""
        for plain in unpacked(file, size):
            plain.seek(0, io.SEEK_END)
            whole = plain.tell()
            plain.seek(0)
            yield from self._watched(READERS[source](plain), plain, whole)

    def _watched(self, records: Iterable[Record], file: BinaryIO, size: int) -> Iterator[Record]:
        """Pass the records on, and report progress from time to time."""
        articles, comments = 0, 0
        for record in records:
            articles += isinstance(record, ArticleRecord)
            comments += isinstance(record, CommentRecord)
            if self._is_time():
                done = 100 * file.tell() // max(size, 1)
                self.stderr.write(f"{done} % read: {articles} articles, {comments} comments")
            yield record

    def _written(self, articles: int, comments: int) -> None:
        if self._is_time():
            self.stderr.write(f"written: {articles} articles, {comments} comments")

    def _is_time(self) -> bool:
        """Say whether there was no line of progress for a while."""
        if time.monotonic() - self._said < EVERY:
            return False
        self._said = time.monotonic()
        return True


def _refuse_unwritable(path: Path) -> None:
    """Find out before the import, not after it, that the report cannot be written."""
    try:
        path.open("a").close()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
