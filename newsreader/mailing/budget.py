"""How many mails that nobody signed in asked for go out: codes, links to reset a password, sign-ups, confirmations.

Anybody can type anybody's address, in many places. So all of these mails are counted together: 3 an hour and 8 a day to
one mailbox (anna@…, anna+1@… and anna+2@… are one), and to addresses without an account 30 a day from one network and
120 from its neighbourhood (the /48 of IPv6, which one customer commonly gets and has 65,536 networks in; the /24 of
IPv4). Who has an account is not counted by network: many readers may sit behind one. Beyond that nothing is sent, and
nobody sees that: whoever asked gets the same page.

Mails that somebody asked for who is signed in, to an address of theirs, and notices of changes do not count.
Attempts that sent nothing do not count either, so that nobody can lock an owner out for longer than the rule says.

It holds for any number of processes: whoever counts has locked the address and the networks until the end of their
transaction, always in one order. What an earlier clock wrote, before it was set back, does not count.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Q, QuerySet, Value
from django.utils import timezone

from newsreader.kit import metrics
from newsreader.kit.client_address import neighbourhood
from newsreader.kit.clock import ahead
from newsreader.kit.compiled_inserts import insert
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.hashes import keyed
from newsreader.kit.statements import run
from newsreader.mailing.models import AskedLetter, Suppression
from newsreader.mailing.suppression import Reason, address_key, is_tried_again, mailbox_key

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
PER_HOUR, PER_DAY = 3, 8  # to one address
PER_NETWORK = 30  # a day, to addresses without an account
PER_NEIGHBOURHOOD = (
    4 * PER_NETWORK
)  # of several households, of which four ask for all that they may; as for kept drafts
TO_ADDRESS, FROM_NETWORK, FROM_NEIGHBOURHOOD = "to", "from", "near"  # no reasons of a suppression
NOWHERE = "-"  # in place of the key of a network; no row has it


def allows(address: str, network: str, *, known: bool, pretended: bool = False) -> bool:
    """Count one more mail to this address and say whether it may be sent. In the caller's transaction, if there is one.

    `known`: an account has verified the address. `network`: of whoever asks (`kit.client_address.network`); empty if it
    is not known, or is not to count. Call it where the mail is queued, and nowhere else. `pretended`: no mail will be
    sent, and the caller rolls back.
    """
    outcome = _count(mailbox_key(address), address, network, known)
    if not pretended:
        metrics.ASKED_MAILS.labels(outcome).inc()
    return outcome == "sent"


def _count(mine: str, address: str, network: str, known: bool) -> str:
    """Return `sent`, or what stops the mail: `suppressed`, `address`, `network`."""
    theirs = keyed("network", network) if network else ""
    near = keyed("neighbourhood", neighbourhood(network.partition("/")[0])) if network else ""
    # A savepoint of its own would cost two statements and undo nothing: what fails here fails the caller, too.
    with transaction.atomic(savepoint=False):
        counts_here = bool(theirs) and not known
        # On its own, before anything is read: a PostgreSQL statement sees what was there when it began to wait.
        _lock({mine, theirs, near} if counts_here else {mine})
        now = timezone.now()
        # The networks are asked for in any case, so that both kinds of address cost the same.
        found = _known(mine, address_key(address), theirs or NOWHERE, near or NOWHERE, now - DAY, ahead(now))
        stopping = {Reason.NOT_ME, Reason.BOUNCED} | (set() if known else {Reason.COMPLAINED})
        to_address = [at for what, at in found if what == TO_ADDRESS]
        if any(what in stopping and not (known and _is_tried_again(what, at)) for what, at in found):
            return "suppressed"
        if len(to_address) >= PER_DAY or sum(at > now - HOUR for at in to_address) >= PER_HOUR:
            return "address"
        asked = Counter(what for what, _ in found)
        if counts_here and (asked[FROM_NETWORK] >= PER_NETWORK or asked[FROM_NEIGHBOURHOOD] >= PER_NEIGHBOURHOOD):
            return "network"
        where = {"network": theirs, "neighbourhood": near} if counts_here else {}
        insert(AskedLetter(address=mine, at=now, **where))
    return "sent"


def _is_tried_again(reason: str, since: dt.datetime) -> bool:
    return reason == Reason.BOUNCED and is_tried_again(since)


@Compiled
def _known(
    mailbox: str, address: str, network: str, near: str, since: dt.datetime, until: dt.datetime
) -> QuerySet[Suppression, tuple[str, dt.datetime]]:
    """What stops mails to the address or its mailbox, and the mails that count: each with its time."""
    recent = AskedLetter.objects.filter(at__gt=since, at__lte=until)
    return (
        Suppression.objects.filter(Q(address=address) | Q(address=mailbox, reason=Reason.NOT_ME))
        .values_list("reason", "at")
        .union(
            recent.filter(address=mailbox).values_list(Value(TO_ADDRESS), "at"),
            recent.filter(network=network).values_list(Value(FROM_NETWORK), "at"),
            recent.filter(neighbourhood=near).values_list(Value(FROM_NEIGHBOURHOOD), "at"),
            all=True,
        )
    )


def _lock(keys: Iterable[str]) -> None:
    """Let nobody else count for these keys until the transaction ends. On SQLite it is the only one that writes."""
    if connection.vendor != "postgresql":
        return
    numbers = sorted(int(key[:15], 16) for key in keys)
    locks = ", ".join(["pg_advisory_xact_lock(%s)"] * len(numbers))  # taken from left to right
    run(connection, f"SELECT {locks}", numbers)


def asked_last_hour() -> int:
    """Return how many such mails went out within the last hour."""
    now = timezone.now()
    return AskedLetter.objects.filter(at__gt=now - HOUR, at__lte=ahead(now)).count()


def old() -> QuerySet[AskedLetter]:
    """Return what no longer counts."""
    now = timezone.now()
    return AskedLetter.objects.filter(Q(at__lte=now - DAY) | Q(at__gt=ahead(now)))
