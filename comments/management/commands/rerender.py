"""Render all comments anew that an older renderer made."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from comments.posting.rerendering import rerender


class Command(BaseCommand):
    help = "Render comments anew whose HTML an older version made. The worker does it by itself, little by little."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="every comment, also those of this version")

    def handle(self, *args: Any, **options: Any) -> None:
        seen = changed = 0
        for had, renewed in rerender(every=options["all"]):
            seen, changed = seen + had, changed + renewed
            if options["verbosity"] > 1:
                self.stdout.write(f"{seen} …")
        self.stdout.write(f"{seen} comments rendered anew, {changed} of them look different.")
