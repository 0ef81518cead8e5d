"""Telling owners of an added address, and a removed address that it was removed: the library tells of neither.

Others are told of a confirmed address by an event.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, email_removed
from django.http import HttpRequest

from newsreader.accounts.events import AddressConfirmed
from newsreader.accounts.models import User
from newsreader.kit.events import publish


def _confirmed(sender: Any, request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    """Tell the addresses that the account had before, of which there are none at a sign-up."""
    others = EmailAddress.objects.filter(user=email_address.user_id, verified=True).exclude(pk=email_address.pk)
    for address in others.order_by("pk"):
        _tell("email_confirm", request, email_address.user, address.email)
    publish(AddressConfirmed(email_address.email))


def _removed(sender: Any, request: HttpRequest, user: User, email_address: EmailAddress, **_: Any) -> None:
    """Tell the removed address itself, too: it may be the only one that its owner reads."""
    if email_address.verified and email_address.email != EmailAddress.objects.get_primary_email(user):
        _tell("email_deleted", request, user, email_address.email)


def _tell(which: str, request: HttpRequest, user: User, address: str) -> None:
    get_adapter(request).send_notification_mail(f"account/email/{which}", user, {"user": user}, email=address)


def listen() -> None:
    email_confirmed.connect(_confirmed, dispatch_uid="owner-told-of-added-address")
    email_removed.connect(_removed, dispatch_uid="owner-told-of-removed-address")
