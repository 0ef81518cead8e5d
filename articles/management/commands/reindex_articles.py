"""Rebuild the search index of articles."""

from typing import Any

from django.core.management.base import BaseCommand

from articles import page_versions, search


class Command(BaseCommand):
    help = "Rebuild the search index of all published articles, for instance after a change of LANGUAGE_CODE."

    def handle(self, *args: Any, **options: Any) -> None:
        many = search.renew()
        page_versions.bump_lists()
        self.stdout.write(f"{many} articles are in the index.")
