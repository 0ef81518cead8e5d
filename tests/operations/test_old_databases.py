"""A database of before the first release is refused at the start, and left as it is."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from newsreader.operations.old_databases import GONE

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("command", [["migrate"], ["serve", "--port", "0", "--prepare"], ["work"]], ids=lambda c: c[0])
@pytest.mark.parametrize("gone", sorted(GONE), ids=lambda gone: gone[0])
def test_an_old_database_is_refused_with_one_line_and_nothing_is_migrated(command, gone):
    MigrationRecorder(connection).record_applied(*gone)
    before = set(MigrationRecorder(connection).applied_migrations())

    with pytest.raises(
        CommandError, match=r"(?i)\Athe database .* before the first release .*DATABASE_URL.*\Z"
    ) as told:
        call_command(*command)

    assert told.value.returncode == 1
    assert "\n" not in str(told.value)
    assert set(MigrationRecorder(connection).applied_migrations()) == before


def test_a_database_of_today_is_taken():
    call_command("migrate", verbosity=0)
