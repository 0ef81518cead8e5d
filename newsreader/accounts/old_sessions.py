"""Sessions that have ended, and what is known of where those came from that go on."""

from __future__ import annotations

import datetime as dt
import time

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils import timezone

from newsreader.kit.client_address import UNKNOWN, cut
from newsreader.kit.long_writes import AT_ONCE, ShortTransactions, delete_some


def delete_ended(age: dt.timedelta, until: float) -> int:
    """Delete sessions that ended so long ago, and the lines of all that are gone in their owners' lists.

    `until`: by the monotonic clock. Returns how many.
    """
    deleted = delete_some(Session.objects.filter(expire_date__lt=timezone.now() - age), until)
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    return deleted + delete_some(UserSession.objects.filter(~Exists(alive)), until)


def cut_addresses(before: dt.datetime, until: float) -> int:
    """Cut the addresses from which sessions older than that were begun. Returns how many."""
    rows = UserSession.objects.filter(created_at__lt=before).exclude(ip=UNKNOWN).order_by("pk")
    writes, last, done = ShortTransactions(), 0, 0
    while time.monotonic() < until and (some := list(rows.filter(pk__gt=last).only("ip")[:AT_ONCE])):
        last = some[-1].pk
        if changed := [row for row in some if row.ip != cut(row.ip)]:
            for row in changed:
                row.ip = cut(row.ip)
            with writes.next():
                UserSession.objects.bulk_update(changed, ["ip"])
        done += len(changed)
    return done


def drop_addresses(before: dt.datetime) -> int:
    """Drop what is left of the addresses of sessions older than that. Returns how many."""
    return UserSession.objects.filter(created_at__lt=before).exclude(ip=UNKNOWN).update(ip=UNKNOWN)


def drop_browsers(before: dt.datetime) -> int:
    """Drop the names of browsers of sessions older than that. Returns how many."""
    return UserSession.objects.filter(created_at__lt=before).exclude(user_agent="").update(user_agent="")
