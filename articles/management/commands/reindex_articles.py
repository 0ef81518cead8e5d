"""Make the index of articles' words anew."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from articles import search


class Command(BaseCommand):
    help = "Index all published articles for the search anew, as after a change of LANGUAGE_CODE."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            many = search.renew()
        self.stdout.write(f"{many} articles are in the index.")
