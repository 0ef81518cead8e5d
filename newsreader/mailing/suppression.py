"""Addresses that get no mail, or less of it: mail came back, was reported as spam, or was not asked for by their owner.

The table holds keyed hashes, not addresses: it outlives accounts, and nobody can be read from it.

- Bounced: no mail at all. None arrives, and providers judge the site by how often it tries. Whoever signs in by
  another way is told on the page of their addresses, and can have it tried again.
- Complained: no mail but that about an account of theirs: the code with which they sign in, and what changed. Who
  reports a digest as spam would be locked out otherwise, and would not learn who else got in. Mails that a
  stranger asked for at an address without an account end, too (`newsreader.mailing.budget`).
- Unsubscribed, at the provider that sends our mails: the same, but that codes go to whoever asks for them.
- Not me: no mail that nobody signed in asked for, until the owner signs in, or takes it back by a link that was in
  such a mail.

Editors can lift each of them in the admin by typing the address.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.hashes import keyed
from newsreader.kit.text import fold
from newsreader.mailing.models import Suppression
from newsreader.mailing.signals import lifted

Reason = Suppression.Reason
ABOUT_ACCOUNTS = "account_"  # how the names of letters about accounts begin


def address_key(address: str) -> str:
    """Return the keyed hash under which an address is stored; case does not matter."""
    return keyed("address", fold(address))


def suppress(address: str, reason: str) -> bool:
    """Send less, or nothing, to an address from now on. Returns whether that is new."""
    return Suppression.objects.get_or_create(address=address_key(address), reason=reason)[1]


def lift(addresses: Iterable[str], reasons: Iterable[str] = tuple(Reason)) -> int:
    """Send mail to these addresses again, as far as these reasons stopped it. Returns how many rows are gone."""
    keys = [address_key(address) for address in addresses]
    if not keys:
        return 0
    return Suppression.objects.filter(address__in=keys, reason__in=list(reasons)).delete()[0]


@transaction.atomic
def lift_by_staff(address: str, *, by: Any) -> list[str]:
    """Send mail to an address again, whatever stopped it, on record. Returns what did: nothing, if it gets mail."""
    found = sorted(reasons_of([address]).get(address, set()))
    if lift([address]):
        lifted.send(sender=None, key=address_key(address), reasons=found, by=by)
    return found


def reasons_of(addresses: Iterable[str]) -> dict[str, set[str]]:
    """Return why each of these addresses gets less mail, those that do not left out. One query, or none."""
    keys = {address: address_key(address) for address in addresses}
    found: dict[str, set[str]] = {}
    for key, reason in _rows.many(sorted(set(keys.values()))):
        found.setdefault(key, set()).add(reason)
    return {address: found[key] for address, key in keys.items() if key in found}


@Compiled
def _rows(*keys: str) -> QuerySet[Suppression, tuple[str, str]]:
    return Suppression.objects.filter(address__in=keys).values_list("address", "reason")


def is_suppressed(reasons: Collection[str], letter: str) -> bool:
    """Say whether a letter must not be handed over to the mail server, by the reasons of its address (`reasons_of`).

    What “not me” stops, `newsreader.mailing.budget` has left out before it was queued: the same letter, asked for by
    its owner, is sent.
    """
    stopping = {Reason.BOUNCED} if letter.startswith(ABOUT_ACCOUNTS) else set(Reason) - {Reason.NOT_ME}
    return not stopping.isdisjoint(reasons)
