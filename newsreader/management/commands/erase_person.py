"""Erase everything about a person, at once: `manage.py erase_person EMAIL`. `--dry-run` lists what there is."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from newsreader.kit.errors import DomainError
from newsreader.personal_data import people
from newsreader.personal_data.erasing import erase, refuse_members


class Command(BaseCommand):
    help = "Erase everything about a person, for good and without asking: account, comments of every status, mails."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="An address of theirs, confirmed or not.")
        parser.add_argument(
            "--text",
            choices=["keep", "remove"],
            default="keep",
            help="What becomes of the text of their comments: kept, by “A former reader” (default), or removed.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Count what would be erased, and change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        if "@" not in options["email"].strip("@ "):
            raise CommandError("This is not an email address. Example: name@example.org", returncode=1)
        person = people.find(options["email"])
        held = person.held()
        try:
            refuse_members(person)
            if options["dry_run"]:
                self.stdout.write("Nothing was changed; this is what would be erased.")
            else:
                erase(person, keep_text=options["text"] == "keep")
        except DomainError as refusal:
            raise CommandError(str(refusal), returncode=1) from None
        for kind, count in held.items():
            self.stdout.write(f"{count} {kind}")
        if not held:
            self.stdout.write("No account, comment, report, invitation or mail has this address.")
