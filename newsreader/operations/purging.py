"""Tells the CDN what to drop: in batches, twice, and again later where it does not answer."""

from __future__ import annotations

import datetime as dt
import logging
import time

from django.conf import settings
from django.utils import timezone

from articles.models.purges import Purge
from newsreader.kit import cdn
from newsreader.kit.logs import OnceAMinute
from newsreader.operations.backoff import Backoff

log = OnceAMinute(logging.getLogger(__name__))
# A page that was being made while something changed reaches the CDN after the first purge, seldom so late.
AGAIN = dt.timedelta(seconds=5)
MOST = 2_000  # rows at once; where more wait, everything is dropped
_backoff = Backoff()
_not_before = float("-inf")


def purge_due() -> int:
    """Have the CDN drop what is stale; returns how many rows that was. Two workers may do the same twice."""
    global _not_before
    if not settings.CDN or time.monotonic() < _not_before:
        return 0
    now = timezone.now()
    rows = list(Purge.objects.filter(due_at__lte=now).order_by("due_at")[:MOST])
    keys = list(dict.fromkeys(row.key for row in rows))
    due = Purge.objects.filter(pk__in=[row.pk for row in rows])
    if len(rows) == MOST:
        due = Purge.objects.filter(due_at__lte=now)
    if len(rows) == MOST or cdn.SITE in keys:
        keys = [cdn.SITE]
    try:
        cdn.purge(settings.CDN, keys)
    except cdn.PurgeFailed as fault:
        log.warning("The CDN was not told what to drop", fault)
        _not_before = time.monotonic() + _backoff.failed()
        return 0
    due.filter(is_last=True).delete()
    due.update(due_at=now + AGAIN, is_last=True)
    return len(rows)
