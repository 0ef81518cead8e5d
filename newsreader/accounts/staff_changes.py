"""Telling owners what those who run the site changed of how they sign in, in the admin. It follows the admin's log."""

from __future__ import annotations

import json
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.db.models.signals import post_save

from newsreader.accounts.models import User

# What the admin logs about, and the sentence that tells its owner.
KINDS: dict[type[Model], str] = {
    User: "staff_password",
    EmailAddress: "staff_addresses",
    Authenticator: "staff_factors",
    SocialAccount: "staff_connected",
}


def _logged(sender: Any, instance: LogEntry, created: bool, raw: bool = False, **_: Any) -> None:
    model = instance.content_type.model_class() if created and not raw and instance.content_type else None
    name = KINDS.get(model) if model else None
    # What is deleted is logged while it is still there.
    row: Any = model._default_manager.filter(pk=instance.object_id).first() if model and name else None
    if row is None:
        return
    owner = row if isinstance(row, User) else row.user
    if isinstance(row, User) and not _is_of_password(instance):
        return
    if owner.pk != instance.user_id:
        # Not the browser: it is that of who did it.
        get_adapter().send_notification_mail(f"account/email/{name}", owner, {"user": owner, "user_agent": ""})


def _is_of_password(entry: LogEntry) -> bool:
    try:
        said = json.loads(entry.change_message or "[]")
    except ValueError:
        return False
    changed = [field for each in said for field in each.get("changed", {}).get("fields", [])]
    return entry.action_flag == CHANGE and any("password" in str(field).lower() for field in changed)


def listen() -> None:
    post_save.connect(_logged, sender=LogEntry, dispatch_uid="owner-told-of-staff-changes")
