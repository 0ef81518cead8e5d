"""What comments and reports say of where they came from: less of it as they get older, and in the end nothing.

First only the network is left of an IP address (/24 of IPv4, /64 of IPv6), later nothing, and no browser either. What
moderators see of an old comment is its network; a ban of many people's networks leaves such comments out, and similar
comments are looked for by network.
"""

from __future__ import annotations

import datetime as dt
import time

from django.db.models import Q

from comments.models import ConnectionData, Report
from newsreader.kit.client_address import cut
from newsreader.kit.long_writes import AT_ONCE, ShortTransactions, update_some

_WHOLE = Q(address__isnull=False, address_is_cut=False) | ~Q(user_agent="")  # what the index `trace_whole` has


def cut_addresses(before: dt.datetime, until: float) -> int:
    """Cut the addresses of comments older than that. `until`: by the monotonic clock. Returns how many."""
    whole = Q(_WHOLE, address__isnull=False, address_is_cut=False)  # The index is only used where its condition stands.
    found = ConnectionData.objects.filter(whole, comment__created_at__lt=before).order_by("pk")
    writes, done = ShortTransactions(), 0
    while time.monotonic() < until and (rows := list(found.only("address")[:AT_ONCE])):
        for row in rows:
            row.address, row.address_is_cut = cut(row.address or ""), True
        with writes.next():
            # Not of one that was erased meanwhile; `bulk_update` leaves alone what is gone.
            ConnectionData.objects.bulk_update(rows, ["address", "address_is_cut"])
        done += len(rows)
    return done


def drop_addresses(before: dt.datetime, until: float) -> int:
    """Drop what is left of the addresses of comments older than that, and the networks of reports. Returns how many."""
    rows = ConnectionData.objects.filter(address__isnull=False, comment__created_at__lt=before)
    done = update_some(rows, until, address=None, address_is_cut=False)
    reports = Report.objects.filter(created_at__lt=before).exclude(network="").exclude(outcome=Report.Outcome.OPEN)
    return done + update_some(reports, until, network="")


def drop_browsers(before: dt.datetime, until: float) -> int:
    """Drop the names of browsers of comments older than that. Returns how many."""
    rows = ConnectionData.objects.filter(_WHOLE, ~Q(user_agent=""), comment__created_at__lt=before)
    return update_some(rows, until, user_agent="")
