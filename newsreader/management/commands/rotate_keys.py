"""Encrypt everything with the newest of FIELD_KEYS, at once: `manage.py rotate_keys`. Then an older key can go."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from newsreader.operations import key_rotation


class Command(BaseCommand):
    help = (
        "Encrypt everything with the newest of FIELD_KEYS. Exit code 1 if an older key is still needed for something."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only count what needs an older key.")

    def handle(self, *args: Any, **options: Any) -> None:
        left = 0
        for place in key_rotation.PLACES:
            done = 0 if options["dry_run"] else place.renew()
            still = place.left()
            left += still
            self.stdout.write(f"{place.name}: {done} encrypted with the newest key, {still} left under others")
        if left and options["dry_run"]:
            raise CommandError("An older key is still needed: run this without --dry-run.", returncode=1)
        if left:
            sentence = (
                "No key in FIELD_KEYS reads what is left. Put the key back that has encrypted it, and run this again."
            )
            raise CommandError(sentence, returncode=1)
        self.stdout.write("Nothing needs an older key. Every key but the first can be taken out of FIELD_KEYS.")
