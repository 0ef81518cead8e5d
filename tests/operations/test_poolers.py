"""PgBouncer in transaction mode: what is left out for it, and what it has to bring. With a real one: tests.machines."""

import pytest
from django.core.management.base import CommandError
from django.db import connection

from newsreader import settings as site_settings
from newsreader.operations.poolers import refuse_without_limits


def test_nothing_is_said_at_the_start_of_a_connection_that_is_lent_for_a_transaction(monkeypatch):
    monkeypatch.setattr(site_settings, "POOLED", True)
    database = {"OPTIONS": {"sslmode": "require"}}
    site_settings.limit(database, statement_timeout=10)
    assert database == {
        "OPTIONS": {"sslmode": "require"},
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "ENGINE": "newsreader.kit.postgresql",
    }


def test_without_a_pooler_the_limits_come_with_the_connection():
    database = {"OPTIONS": {"options": "-c work_mem=8MB"}}
    site_settings.limit(database, statement_timeout=1.5)
    assert database == {
        "OPTIONS": {"options": "-c statement_timeout=1500 -c work_mem=8MB"},
        "ENGINE": "newsreader.kit.postgresql",
    }


@pytest.mark.ci_postgresql
@pytest.mark.skipif(site_settings.SQLITE, reason="it is about PostgreSQL")
def test_a_pooler_without_limits_is_refused_and_one_with_all_is_not(db, settings):
    settings.POOLED = True
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 3000; SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 60000")
        with pytest.raises(CommandError, match=r"^DATABASE_POOLER: .* no statement_timeout\. "):
            refuse_without_limits(connection)
        cursor.execute("SET LOCAL statement_timeout = 10000")
        refuse_without_limits(connection)
