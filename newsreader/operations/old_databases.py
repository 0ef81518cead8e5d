"""Refuses a database from before the first release, whose migrations are different ones."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

# Every database of that time has one of these migrations, and none has had since.
GONE = {("accounts", "0002_pictures"), ("articles", "0002_standing_roots"), ("comments", "0002_groups_and_rules")}


def refuse_old_database(connection: BaseDatabaseWrapper) -> None:
    """Raise CommandError where the database is from before the first release. Changes nothing."""
    if GONE & set(MigrationRecorder(connection).applied_migrations()):
        raise CommandError(
            f"The database {connection.settings_dict['NAME']} was made by a version before the first release and "
            "cannot be used any more. Name an empty one in DATABASE_URL, or move the file out of the way.",
            returncode=1,
        )
