"""PgBouncer in transaction mode, which drops the time limits that the site would set: it has to bring its own."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

LIMITS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


def refuse_without_limits(connection: BaseDatabaseWrapper) -> None:
    """Raise CommandError where PostgreSQL would end nothing, however long it takes."""
    if not settings.POOLED:
        return
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE current_setting('{name}') = '0'" for name in LIMITS))
        missing = [name for (name,) in cursor.fetchall()]
    if missing:
        raise CommandError(
            f"DATABASE_POOLER: connections through PgBouncer have no {', '.join(missing)}. Set them in connect_query "
            "of its configuration (deploy/pgbouncer.ini).",
            returncode=1,
        )
