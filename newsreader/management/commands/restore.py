"""Restore a copy that `manage.py backup` has made, into an empty site: `manage.py restore DIR`."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from newsreader.operations.backups.errors import BackupError
from newsreader.operations.backups.restoring import erase_again, restore
from newsreader.personal_data.replaying import Replayed


class Command(BaseCommand):
    help = "Restore the newest copy into this site, which must be empty: no tables, or no article, comment and user."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="What was given to `backup`.")
        parser.add_argument("--copy", default="", metavar="NAME", help="This copy instead of the newest.")
        parser.add_argument(
            "--erasures",
            action="store_true",
            help="Restore nothing: erase again who was erased after the copy, where a restore was cut short.",
        )
        parser.add_argument("--identity", type=Path, metavar="FILE", help="The private key of age of encrypted copies.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["erasures"]:
                self.tell(erase_again(options["folder"], options["copy"]))
                return
            done = restore(options["folder"], options["copy"], options["identity"])
        except BackupError as fault:
            raise CommandError(str(fault), returncode=1) from fault
        about = done.manifest
        self.stdout.write(
            f"{done.copy}: restored. {len(about.tables)} tables with {sum(about.tables.values())} rows, "
            f"{len(about.media)} uploaded files, {done.media.added} of which were not here yet."
        )
        if done.migrated:
            self.stdout.write("It was made by an older version, and its database has been migrated.")
        if done.media.different:
            self.stderr.write(
                f"{len(done.media.different)} uploaded files were here with other content, and stay as they are: "
                f"{', '.join(done.media.different[:5])}"
            )
        self.tell(done.replayed)
        if done.faults:
            self.stderr.write("The audit log does not verify, in the copy neither: see `manage.py verify_log`.")

    def tell(self, replayed: Replayed) -> None:
        if replayed.people:
            self.stdout.write(f"Erased again, since they were erased after the copy was made: {replayed.people}.")
        if replayed.unknown:
            self.stderr.write(
                f"{replayed.unknown} erasures after the copy could not be compared: it is of a version that had no key "
                "for them. Erase these people by hand, with `manage.py erase_person`."
            )
