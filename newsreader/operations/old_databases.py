"""A database that was made before the first release is refused: its migrations are not those of today."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

# One of these has run in every database of that time, and in none since.
GONE = {("accounts", "0002_pictures"), ("articles", "0002_standing_roots"), ("comments", "0002_groups_and_rules")}


def refuse_old_database(connection: BaseDatabaseWrapper) -> None:
    """Raise CommandError where the database was made before the first release. Changes nothing."""
    if GONE & set(MigrationRecorder(connection).applied_migrations()):
        raise CommandError(
            f"The database {connection.settings_dict['NAME']} was made by a version before the first release and "
            "cannot be used any more. Name an empty one in DATABASE_URL, or move the file out of the way.",
            returncode=1,
        )
