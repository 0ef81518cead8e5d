"""Take the demonstration out again: `manage.py unload_demo --dry-run` lists what would go."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from newsreader.accounts.models import User
from newsreader.demo import unloader


class Command(BaseCommand):
    help = "Take the demonstration newsroom out. What anybody has worked on since stays."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="List what would go, and change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        removed = unloader.unload(dry_run=options["dry_run"])
        if options["dry_run"]:
            self.stdout.write("Nothing was changed; this is what would go.")
        for line in removed.lines():
            self.stdout.write(line)
        if not options["dry_run"] and not User.objects.filter(is_staff=True, is_active=True).exists():
            self.stdout.write("Nobody can sign in to the newsroom now. Make an account: manage.py createsuperuser")
