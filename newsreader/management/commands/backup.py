"""Make a copy of the whole site while it runs: `manage.py backup DIR`. `--verify` tries the newest one out."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template import defaultfilters
from django.utils import timezone

from newsreader.operations.backups.errors import BackupError
from newsreader.operations.backups.making import back_up
from newsreader.operations.backups.restoring import drill


def days(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError
    return number


def filesizeformat(size: int) -> str:
    return defaultfilters.filesizeformat(size).replace("\xa0", " ")  # Cron's mails and logs are plain.


class Command(BaseCommand):
    requires_system_checks = []  # Cron mails every line that is said.
    help = "Copy the database and the uploaded files while the site runs; what is in the folder already is not copied."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="Holds all copies; is made if it is not there.")
        parser.add_argument("--keep-days", type=days, metavar="N", help="Then remove copies older than this.")
        parser.add_argument(
            "--verify", action="store_true", help="Make no copy; restore the newest into a scratch database, compare."
        )
        parser.add_argument("--copy", default="", metavar="NAME", help="With --verify: this one instead of the newest.")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="With --verify: the private key of age.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verify"] and options["keep_days"] is not None:
            raise CommandError("--keep-days removes copies after a new one is made; --verify makes none.", returncode=2)
        if not options["verify"] and (options["copy"] or options["identity"]):
            raise CommandError("--copy and --identity are for --verify.", returncode=2)
        try:
            if options["verify"]:
                self.verify(options["folder"], options["copy"], options["identity"])
            else:
                self.make(options["folder"], options["keep_days"])
        except BackupError as fault:
            raise CommandError(str(fault), returncode=1) from fault

    def make(self, folder: Path, keep_days: int | None) -> None:
        made = back_up(folder, now=timezone.now(), keep_days=keep_days)
        about = made.manifest
        new = f"{made.new_files} of them new ({filesizeformat(made.new_bytes)})"
        self.stdout.write(
            f"{made.path}: {'encrypted ' if about.recipients else ''}database of {filesizeformat(made.size)}, "
            f"{len(about.media)} uploaded files, {new}. The audit log's head is {about.head_number}:{about.head_hash}"
        )
        if made.pruned:
            self.stdout.write(f"Removed: {', '.join(made.pruned)}")
        if made.kept_because:
            raise CommandError(f"The copy is made, but older files stay: {made.kept_because}", returncode=1)

    def verify(self, folder: Path, copy: str, identity: Path | None) -> None:
        done = drill(folder, copy, identity)
        about = done.manifest
        self.stdout.write(
            f"{done.copy}: whole. {len(about.tables)} tables with {sum(about.tables.values())} rows, "
            f"{len(about.media)} uploaded files, and an intact audit log up to {about.head_number}:{about.head_hash}"
        )
