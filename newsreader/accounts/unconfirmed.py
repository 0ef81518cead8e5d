"""Accounts that somebody signed up for and never confirmed: anybody can type anybody's address."""

from __future__ import annotations

import datetime as dt

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.long_writes import AT_ONCE


def old(age: dt.timedelta) -> QuerySet[User]:
    """Return the accounts that were made so long ago, and into which nobody has ever come.

    None of the newsroom, none that it has made (those have no address to confirm), none with a way in of its own.
    """
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
    never = User.objects.filter(last_login=None, date_joined__lt=timezone.now() - age)
    waits = never.filter(Exists(addresses), ~Exists(addresses.filter(verified=True)))
    others = [model._default_manager.filter(user=OuterRef("pk")) for model in (SocialAccount, CommenterIdentity)]
    return waits.filter(*(~Exists(rows) for rows in others), is_staff=False, is_superuser=False, groups=None)


@transaction.atomic
def delete_some(age: dt.timedelta) -> int:
    """Delete some of them, one by one: the audit log listens. Returns how many."""
    some = list(old(age).select_for_update(of=("self",)).order_by("pk")[:AT_ONCE])
    for user in some:
        user.delete()
    return len(some)
