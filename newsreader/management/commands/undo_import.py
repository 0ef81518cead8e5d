"""Take an import out again: `manage.py undo_import 3 --dry-run` lists what would go."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from articles.models.origins import ImportRun
from newsreader.kit.one_at_a_time import AlreadyRunning, alone
from newsreader.transfer import IMPORTING, removal


class Command(BaseCommand):
    help = "Take out what came with an import. What anybody has worked on since stays."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("number", metavar="N", type=int, help="The number that the import ended with.")
        parser.add_argument("--dry-run", action="store_true", help="List what would go, and change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        run = ImportRun.objects.filter(pk=options["number"]).first()
        if run is None:
            known = "; ".join(map(str, ImportRun.objects.order_by("-pk")[:10])) or "none"
            raise CommandError(f"There is no import {options['number']}. The newest: {known}")
        if options["dry_run"]:
            removed = removal.plan(removal.brought_by(run)).removed
            self.stdout.write("Nothing was changed; this is what would go.")
        else:
            try:
                with alone(IMPORTING):
                    removed = removal.carry_out(removal.plan(removal.brought_by(run)), f"import:{run.pk}")
                    ImportRun.objects.filter(pk=run.pk).update(undone_at=timezone.now())
            except AlreadyRunning:
                raise CommandError("An import is running, or being taken out. Nothing was changed.") from None
        self.stdout.write(f"Import {run}")
        for line in removed.lines():
            self.stdout.write(line)
