"""Django's `migrate`, which refuses a database that was made before the first release."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from newsreader.operations.old_databases import refuse_old_database


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        refuse_old_database(connections[options["database"]])
        super().handle(*args, **options)
