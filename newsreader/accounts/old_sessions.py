"""Sessions that have ended, or that strangers have begun too many of; and where those came from that go on."""

from __future__ import annotations

import datetime as dt
import time

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils import timezone

from newsreader.accounts.session_store import STRANGERS, SessionStore
from newsreader.kit.client_address import UNKNOWN, cut
from newsreader.kit.long_writes import AT_ONCE, ShortTransactions, delete_some, update_some

STRANGERS_AT_ONCE = 100_000  # sessions in which nobody is signed in; some hundred bytes each


def delete_ended(age: dt.timedelta, until: float) -> int:
    """Delete sessions that ended so long ago, and the lines of all that are gone in their owners' lists.

    `until`: by the monotonic clock. Returns how many.
    """
    deleted = delete_some(Session.objects.filter(expire_date__lt=timezone.now() - age), until)
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    return deleted + delete_some(UserSession.objects.filter(~Exists(alive)), until)


def end_surplus(most: int = STRANGERS_AT_ONCE) -> int:
    """End the oldest sessions of strangers where there are more than so many: anybody can begin one. Returns how many.

    A job of the worker. Those in which nobody is signed in end within an hour; of others that do, none is touched.
    """
    now, writes, ended = timezone.now(), ShortTransactions(), 0
    rows = Session.objects.filter(expire_date__gt=now, expire_date__lte=now + dt.timedelta(seconds=STRANGERS))
    newest = rows.order_by("-expire_date").values_list("expire_date", flat=True)
    if (oldest := newest[most : most + 1].first()) is None:
        return 0
    store, last = SessionStore(), ""
    surplus = rows.filter(expire_date__lte=oldest).order_by("session_key")
    while some := list(surplus.filter(session_key__gt=last)[:AT_ONCE]):
        last = some[-1].session_key
        strangers = [row.session_key for row in some if SESSION_KEY not in store.decode(row.session_data)]
        with writes.next():
            ended += Session.objects.filter(session_key__in=strangers).delete()[0]
    return ended


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


def drop_addresses(before: dt.datetime, until: float) -> int:
    """Drop what is left of the addresses of sessions older than that. Returns how many."""
    rows = UserSession.objects.filter(created_at__lt=before).exclude(ip=UNKNOWN)
    return update_some(rows, until, ip=UNKNOWN)


def drop_browsers(before: dt.datetime, until: float) -> int:
    """Drop the names of browsers of sessions older than that. Returns how many."""
    rows = UserSession.objects.filter(created_at__lt=before).exclude(user_agent="")
    return update_some(rows, until, user_agent="")
