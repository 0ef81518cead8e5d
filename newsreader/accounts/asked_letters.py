"""Which mails about accounts count as asked for by nobody signed in, and whether the next one may be sent."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.http import HttpRequest

from newsreader.accounts.identities import has_account
from newsreader.accounts.letters import LETTERS
from newsreader.kit.client_address import client_address, network
from newsreader.mailing import budget


def may_be_sent(name: str, address: str, request: HttpRequest | None) -> bool:
    """Count one of allauth's mails (`login_code`) against the budget, and say whether it may be sent.

    Notices of a change always may, and what somebody asked for who is signed in, to an address that they have verified.
    A code to any other address counts for that address even so: an account is easily made, and must not be a way to
    send mails to strangers.
    """
    if name not in LETTERS:
        return True
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        where = network(client_address(request)) if request is not None else ""
        return budget.allows(address, where, known=has_account(address))
    if EmailAddress.objects.filter(user=user, email=address.lower(), verified=True).exists():
        return True
    return budget.allows(address, "", known=has_account(address))
