"""Recount the comments of all articles."""

from typing import Any

from django.core.management.base import BaseCommand

from comments.discussion.counting import recount_all


class Command(BaseCommand):
    help = "Recount approved comments and correct wrong counts."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = recount_all()
        self.stdout.write(f"{wrong} articles had a wrong count.")
