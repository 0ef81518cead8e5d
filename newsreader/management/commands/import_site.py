"""Import another system's export: `manage.py import_site --from wordpress FILE`.

The whole file is one transaction: all of it is imported, or nothing. On SQLite nobody else can write meanwhile.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from articles.models.origins import ImportRun
from articles.records import ArticleRecord
from comments.posting.importing import CommentRecord
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
        path, report = options["file"], Report()
        if options["report"]:
            _refuse_unwritable(options["report"])
        try:
            with path.open("rb") as file, transaction.atomic():
                run = ImportRun.objects.create(source=options["source"], file=path.name[:255])
                load(self._read(options["source"], file, path.stat().st_size), report, run)
                if not report.came_in:
                    run.delete()
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from error
        except Unreadable as error:
            raise CommandError(f"{path}: {error}. Nothing was imported.") from error
        except IntegrityError as error:
            reason = "something else was written at the same time. Nothing was imported; please run it again."
            raise CommandError(f"{path}: {reason}") from error
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

    def _read(self, source: str, file: BinaryIO, size: int) -> Iterator[Record]:
        """Yield the records of a file, or of each file in an archive, one after the other."""
        for plain in unpacked(file, size):
            plain.seek(0, io.SEEK_END)
            whole = plain.tell()
            plain.seek(0)
            yield from self._watched(READERS[source](plain), plain, whole)

    def _watched(self, records: Iterable[Record], file: BinaryIO, size: int) -> Iterator[Record]:
        """Pass the records on, and report progress from time to time."""
        said, articles, comments = time.monotonic(), 0, 0
        for record in records:
            articles += isinstance(record, ArticleRecord)
            comments += isinstance(record, CommentRecord)
            if time.monotonic() - said >= EVERY:
                said = time.monotonic()
                done = 100 * file.tell() // max(size, 1)
                self.stderr.write(f"{done} % read: {articles} articles, {comments} comments")
            yield record


def _refuse_unwritable(path: Path) -> None:
    """Find out before the import, not after it, that the report cannot be written."""
    try:
        path.open("a").close()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
