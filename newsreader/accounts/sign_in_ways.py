"""Telling owners that somebody has signed in to their account in a way that nobody has used before.

Whoever got hold of a mailbox, a password or an account elsewhere comes in by another way than its owner does. The first
sign-in of an account tells nobody anything: it makes known how it is used, together with the ways that it was set up
with. So does the first one of an account that is older than this table.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.signals import user_logged_in
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from newsreader.accounts import reauthentication
from newsreader.accounts.identities import label_of, public_name
from newsreader.accounts.models import KnownWay, User

CODE, PASSKEY = "code", "passkey"
# With a sentence of their own in `letters`; every other way is a login provider. Imported at each start, so it imports
# nothing that only mails need.
NAMED = {"password", CODE, PASSKEY, "recovery_codes"}
JUST_MADE = dt.timedelta(hours=1)


def used(request: HttpRequest, user: User) -> set[str]:
    """Return the ways by which this session was opened. A second factor is none, but a recovery code is."""
    found = set()
    for record in get_authentication_records(request, user):
        match record.get("method"), record.get("type"):
            case "password", _:
                found.add("password")
            case "code", _:
                found.add(CODE)
            case "socialaccount", _:
                found.add(public_name(str(record.get("provider", ""))))
            case "mfa", Authenticator.Type.RECOVERY_CODES:
                found.add("recovery_codes")
            case "mfa", Authenticator.Type.WEBAUTHN if record.get("passwordless"):
                found.add(PASSKEY)
    return found - {""}


@transaction.atomic
def note(user: User, ways: set[str]) -> set[str]:
    """Record by which ways an account was entered, and return those that its owner is to be told of."""
    if not ways:
        return set()
    User.objects.select_for_update().only("pk").get(pk=user.pk)  # Two at once: one of them is new.
    known = set(KnownWay.objects.filter(user=user).values_list("way", flat=True))
    told = ways - known
    if not known:
        set_up = reauthentication.ways_in(user)
        known_by = (set_up - {CODE}) or set_up
        # Of an account from before we kept this, nobody knows which ways are new.
        told = ways - known_by if timezone.now() - user.date_joined < JUST_MADE else set()
        ways = ways | known_by
    KnownWay.objects.bulk_create([KnownWay(user=user, way=way) for way in sorted(ways - known)], ignore_conflicts=True)
    return told


def _entered(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    for way in sorted(note(user, used(request, user))):
        name, label = (way, "") if way in NAMED else ("provider", label_of(way) or way)
        context = {"user": user, "provider": label}
        get_adapter(request).send_notification_mail(f"account/email/new_way_{name}", user, context)


def listen() -> None:
    user_logged_in.connect(_entered, dispatch_uid="way-entered")
