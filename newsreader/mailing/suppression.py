"""Addresses that get no mail, or less of it: mail came back, was reported as spam, or was not asked for by their owner.

The table holds keyed hashes, not addresses: it outlives accounts, and nobody can be read from it.

- Bounced: no mail at all. None arrives, and providers judge the site by how often it tries. But a mailbox may be
  there again, and nobody is to be locked out of an account: a day after the last mail came back, a code or link that
  is asked for at the address of an account is tried. Whoever enters such a code gets mail again. Whoever signs in by
  another way is told on the page of their addresses, and can have it tried at once.
- Complained: no mail but that about an account of theirs: the code with which they sign in, and what changed. Who
  reports a digest as spam would be locked out otherwise, and would not learn who else got in. Mails that a
  stranger asked for at an address without an account end, too (`newsreader.mailing.budget`).
- Unsubscribed, at the provider that sends our mails: the same, but that codes go to whoever asks for them.
- Not me: no mail that nobody signed in asked for, until the owner signs in, or takes it back by a link that was in
  such a mail. It holds for the mailbox: a stranger could go on with anna+1@…, anna+2@… otherwise.

Editors can lift each of them in the admin by typing the address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.email_addresses import as_sent, mailbox
from newsreader.kit.hashes import keyed
from newsreader.mailing.models import Suppression
from newsreader.mailing.signals import lifted

Reason = Suppression.Reason
ABOUT_ACCOUNTS = "account_"  # how the names of letters about accounts begin
# What somebody waits for. Whether one is queued for an address whose mail came back, the budget has decided.
WAITED_FOR = {"account_login_code", "account_confirm_email", "account_reset_password"}
TRIED_AGAIN = dt.timedelta(days=1)


def address_key(address: str) -> str:
    """Return the keyed hash under which an address is stored; case does not matter, and accents of a domain do."""
    return keyed("address", as_sent(address))


def mailbox_key(address: str) -> str:
    """Return the keyed hash of the mailbox that an address belongs to: one for anna@…, anna+1@…, anna+2@…."""
    return keyed("address", mailbox(address))


def suppress(address: str, reason: str) -> bool:
    """Send less, or nothing, to an address from now on. Returns whether that is new."""
    key = mailbox_key(address) if reason == Reason.NOT_ME else address_key(address)
    row, is_new = Suppression.objects.get_or_create(address=key, reason=reason)
    if not is_new and reason == Reason.BOUNCED:
        Suppression.objects.filter(pk=row.pk).update(at=timezone.now())  # It was tried again.
    return is_new


def is_tried_again(bounced_at: dt.datetime) -> bool:
    """Say whether a mail that somebody waits for may be tried, at an address whose mail came back at that time."""
    return bounced_at <= timezone.now() - TRIED_AGAIN


def lift(addresses: Iterable[str], reasons: Iterable[str] = tuple(Reason)) -> int:
    """Send mail to these addresses again, as far as these reasons stopped it. Returns how many rows are gone."""
    addresses, reasons = list(addresses), set(reasons)
    if not addresses:
        return 0
    found = Q(address__in=[address_key(each) for each in addresses], reason__in=reasons - {Reason.NOT_ME})
    if Reason.NOT_ME in reasons:
        found |= Q(address__in=[mailbox_key(each) for each in addresses], reason=Reason.NOT_ME)
    return Suppression.objects.filter(found).delete()[0]


@transaction.atomic
def lift_by_staff(address: str, *, by: Any) -> list[str]:
    """Send mail to an address again, whatever stopped it, on record. Returns what did: nothing, if it gets mail."""
    found = sorted(reasons_of([address]).get(address, set()))
    if lift([address]):
        lifted.send(sender=None, key=address_key(address), reasons=found, by=by)
    return found


def reasons_of(addresses: Iterable[str]) -> dict[str, set[str]]:
    """Return why each of these addresses gets less mail, those that do not left out. One query, or none."""
    keys = {address: (address_key(address), mailbox_key(address)) for address in addresses}
    rows = set(_rows.many(sorted({key for pair in keys.values() for key in pair})))
    found: dict[str, set[str]] = {}
    for address, (own, shared) in keys.items():
        if why := {reason for key, reason in rows if key == (shared if reason == Reason.NOT_ME else own)}:
            found[address] = why
    return found


@Compiled
def _rows(*keys: str) -> QuerySet[Suppression, tuple[str, str]]:
    return Suppression.objects.filter(address__in=keys).values_list("address", "reason")


def is_suppressed(reasons: Collection[str], letter: str) -> bool:
    """Say whether a letter must not be handed over to the mail server, by the reasons of its address (`reasons_of`).

    What “not me” stops, and codes where mail came back, `newsreader.mailing.budget` has left out before it was queued:
    the same letter, asked for by its owner, is sent.
    """
    if letter in WAITED_FOR:
        return False
    stopping = {Reason.BOUNCED} if letter.startswith(ABOUT_ACCOUNTS) else set(Reason) - {Reason.NOT_ME}
    return not stopping.isdisjoint(reasons)
