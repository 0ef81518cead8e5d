from __future__ import annotations

from typing import Any

from django.db import IntegrityError, migrations, transaction
from django.db.models.functions import Lower


def lower(apps: Any, schema_editor: Any) -> None:
    """Lower the addresses that sign-ins by code and invitations have stored as they were typed.

    One that exists in lower case as well, which is then the one that is found, stays as it is.
    """
    addresses = apps.get_model("account", "EmailAddress").objects.using(schema_editor.connection.alias)
    for address in addresses.exclude(email=Lower("email")):
        address.email = address.email.lower()
        try:
            with transaction.atomic(schema_editor.connection.alias):
                address.save(update_fields=["email"])
        except IntegrityError:
            continue


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_retention"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(lower, migrations.RunPython.noop)]
