"""Django's `migrate`, one at a time and without making readers wait. Refuses a database of before the first release.

A change of a table waits for everybody who is using it, and whoever comes after waits behind it. So on PostgreSQL it
waits a second, then lets them pass and tries again. What a migration had done by then is undone; one that is not atomic
bears being run again.
"""

import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from newsreader.operations.backoff import Backoff
from newsreader.operations.migration_lock import migration_lock
from newsreader.operations.old_databases import refuse_old_database

LOCK_SECONDS = 1
TRIES = 30  # with the pauses between them, about five minutes
LONGEST_PAUSE = 15.0  # seconds
LOCK_NOT_AVAILABLE = "55P03"  # of SQL


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        refuse_old_database(connection)
        if options["check_unapplied"] or options["plan"]:
            super().handle(*args, **options)
            return
        with migration_lock(connection, self.say):
            if connection.vendor != "postgresql":
                super().handle(*args, **options)
                return
            self.try_again(connection, *args, **options)
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")

    def try_again(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        """Migrate, again and again while somebody is using what is to be changed."""
        backoff = Backoff(last=LONGEST_PAUSE)
        for _ in range(TRIES):
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            try:
                super().handle(*args, **options)
                return
            except OperationalError as fault:
                if getattr(fault.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                    raise
            # Where a statement fails that Django has put off to the end, it leaves its transaction open.
            connection.close()
            connection.connect()
            pause = backoff.failed()
            self.say(f"A table is in use. Others go first; trying again in {pause:.0f} s …")
            time.sleep(pause)
        raise CommandError(
            "A table has been in use all the time, and nothing of the last migration is done. See who uses it "
            "(SELECT pid, state, xact_start, query FROM pg_stat_activity ORDER BY xact_start), then run this again.",
            returncode=1,
        )

    def say(self, words: str) -> None:
        self.stderr.write(words)
        self.stderr.flush()
