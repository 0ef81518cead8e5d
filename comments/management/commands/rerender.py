"""Render comments again whose HTML an older version made."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from comments.posting.rerendering import rerender


class Command(BaseCommand):
    help = "Render comments again whose HTML an older version made. The worker does this by itself, bit by bit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="every comment, also those of this version")

    def handle(self, *args: Any, **options: Any) -> None:
        seen = changed = 0
        for had, renewed in rerender(every=options["all"]):
            seen, changed = seen + had, changed + renewed
            if options["verbosity"] > 1:
                self.stdout.write(f"{seen} …")
        self.stdout.write(f"{seen} comments rendered again, {changed} of them look different.")
