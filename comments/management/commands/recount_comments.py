"""Recount the comments of all articles."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from comments.discussion.counting import recount


class Command(BaseCommand):
    help = "Recount approved comments and correct wrong counts."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            wrong = recount()
        self.stdout.write(f"{wrong} articles had a wrong count.")
