"""Import another system's export: `manage.py import_site --from wordpress FILE…`.

An export in several files is one import. All are read before anything is written, then written in short transactions,
between which others write. An import that was cut short goes on when the same command is run again. A dry run writes
nothing and locks nobody.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DatabaseError, IntegrityError

from articles.models.origins import ImportRun
from newsreader.kit.database_faults import is_away
from newsreader.kit.one_at_a_time import AlreadyRunning
from newsreader.transfer.errors import Unreadable
from newsreader.transfer.importing import Given, import_files
from newsreader.transfer.progress import Progress
from newsreader.transfer.readers import READERS
from newsreader.transfer.report import Report

EVERY = 3  # seconds between two lines of progress


class Command(BaseCommand):
    help = "Import articles and comments from another system's export. Running it again changes nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--from", dest="source", required=True, choices=sorted(READERS))
        parser.add_argument(
            "files", metavar="FILE", type=Path, nargs="+", help="All files of one export, in any order."
        )
        parser.add_argument("--dry-run", action="store_true", help="Report what would be imported, and change nothing.")
        parser.add_argument("--report", metavar="FILE.json", type=Path, help="Write the full report to this file.")

    def handle(self, *args: Any, **options: Any) -> None:
        given, report = _named(options["files"]), Report()
        all_of_them = ", ".join(str(each.path) for each in given)
        if options["report"]:
            _refuse_unwritable(options["report"])
        lines = _Lines(self.stderr)
        try:
            run = import_files(options["source"], given, report, dry_run=options["dry_run"], progress=lines)
        except OSError as error:
            raise CommandError(f"{error.filename or all_of_them}: {error.strerror or error}") from error
        except Unreadable as error:
            raise CommandError(f"{error.file}: {error}. Nothing was imported.") from error
        except AlreadyRunning:
            raise CommandError("Another import is running, or one is being taken out. Nothing was imported.") from None
        except DatabaseError as error:
            if not (isinstance(error, IntegrityError) or is_away(error)):
                raise
            reason = "something else was written at the same time" if isinstance(error, IntegrityError) else error
            goes_on = "The import was cut short; run it again, and it goes on."
            raise CommandError(f"{all_of_them}: {' '.join(str(reason).split())}. {goes_on}") from error
        if options["report"]:
            facts = {"from": options["source"], "file": run.file, "files": report.files, "dry_run": options["dry_run"]}
            facts["import"] = None if options["dry_run"] else run.pk
            text = json.dumps(facts | report.as_json(), ensure_ascii=False, indent=1)
            options["report"].write_text(text + "\n", encoding="utf-8")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed; this is what an import would do.")
        self.stdout.write(report.as_text())
        if run.pk and not options["dry_run"]:
            self.stdout.write(f"This was import {run.pk}. To take it out again: manage.py undo_import {run.pk}")


class _Lines(Progress):
    """Writes a line of progress every few seconds."""

    def __init__(self, stream: OutputWrapper):
        self._stream, self._said = stream, time.monotonic()

    def goes_on(self, run: ImportRun) -> None:
        self._stream.write(f"Import {run.pk} of the same was cut short; it goes on.")

    def read(self, percent: int, articles: int, comments: int) -> None:
        if self._is_time():
            self._stream.write(f"{percent} % read: {articles} articles, {comments} comments")

    def written(self, articles: int, comments: int) -> None:
        if self._is_time():
            self._stream.write(f"written: {articles} articles, {comments} comments")

    def _is_time(self) -> bool:
        """Say whether there was no line of progress for a while."""
        if time.monotonic() - self._said < EVERY:
            return False
        self._said = time.monotonic()
        return True


def _named(paths: list[Path]) -> list[Given]:
    """Return the files with their names in the report: without their folders, unless two would be called the same."""
    short = len({path.name for path in paths}) == len(set(paths))
    return [Given(path, path.name if short else str(path)) for path in paths]


def _refuse_unwritable(path: Path) -> None:
    """Find out before the import, not after it, that the report cannot be written."""
    try:
        path.open("a").close()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
