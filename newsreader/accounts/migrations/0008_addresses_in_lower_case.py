from __future__ import annotations

from typing import Any

from django.db import IntegrityError, migrations, transaction

BATCH = 2_000


def lower(apps: Any, schema_editor: Any) -> None:
    """Lower the addresses that sign-ins by code and invitations have stored as they were typed.

    One that exists in lower case as well, which is then the one that is found, stays as it is.
    """
    addresses = apps.get_model("account", "EmailAddress").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(addresses.filter(pk__gt=last).order_by("pk").values_list("pk", "email")[:BATCH]):
        last = rows[-1][0]
        for pk, email in rows:
            if email != email.lower():  # In Python: SQLite lowers ASCII only.
                try:
                    with transaction.atomic(schema_editor.connection.alias):
                        addresses.filter(pk=pk).update(email=email.lower())
                except IntegrityError:
                    continue


class Migration(migrations.Migration):
    atomic = False  # Each row is its own transaction, so that nobody waits.

    dependencies = [
        ("accounts", "0007_retention"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(lower, migrations.RunPython.noop)]
