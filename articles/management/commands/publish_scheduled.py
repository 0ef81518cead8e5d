"""Publish scheduled articles that are due. The worker does this by itself every few seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from articles.publishing import held_up, publish_due


class Command(BaseCommand):
    help = "Publish scheduled articles whose time has come."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{publish_due()} published.")
        for row in held_up():
            why = "its address is taken" if row.is_address_taken else "the log says why"
            self.stderr.write(f"Not published: {row.article.headline} ({why})")
