"""Load the demonstration newsroom: sections, authors, articles, discussions, and five people who can sign in."""

import os
import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from newsreader.accounts.models import User
from newsreader.demo import loader


class Command(BaseCommand):
    help = "Load the demonstration newsroom."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(username=loader.EDITOR).exists():
            raise CommandError("The demonstration is loaded already.")
        password = os.environ.get("DEMO_PASSWORD") or secrets.token_urlsafe(12)
        articles, comments = loader.load(password)
        self.stdout.write(f"{articles} articles and {comments} comments.")
        if not os.environ.get("DEMO_PASSWORD"):
            self.stdout.write(f"Sign in as editor@example.org with the password {password}")
