"""How fast somebody may post: a token bucket (a few comments at once, then one every so many seconds).

In slow mode, a person may also post only one comment under that article every so many seconds.

The bucket is a row that the transaction of the post locks. So the limit holds for parallel requests in any number of
processes, and a refused post, which is rolled back, does not count. Nobody waits longer than the rule says, even after
the clock was set back, or after editors have made a strict rule milder.
"""

import datetime as dt
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from comments.drafts import Draft, keyed
from comments.errors import Flood, SlowMode
from comments.models import RateLimit
from comments.models.effective_settings import EffectiveSettings
from comments.models.locks import put_limits, take_limits
from comments.screening.article_settings import span
from newsreader.kit.client_address import network
from newsreader.kit.clock import is_ahead
from newsreader.kit.kept import Kept

KEPT = 200  # bytes, about
_empty: Kept[float] = Kept(5_000 * KEPT)  # until when each bucket is empty, by this process's clock


def consume(draft: Draft, settings: EffectiveSettings) -> None:
    """Take one token from each of the visitor's buckets: by network, and by person. One statement; two on SQLite.

    Raises Flood if one is empty; SlowMode if that is the bucket of the article's slow mode.
    """
    if empty := _take(list(_buckets(draft, settings))):
        bucket, wait = empty
        _empty.put(bucket.key, time.monotonic() + wait, KEPT)
        raise SlowMode(wait, span(bucket.seconds)) if bucket.slow else Flood(wait)


def was_empty(draft: Draft, settings: EffectiveSettings) -> bool:
    """Say whether this process has lately refused this visitor, who is not due yet. A guess: `consume` decides."""
    now = time.monotonic()
    return any((_empty.get(bucket.key) or 0.0) > now for bucket in _buckets(draft, settings))


class Bucket(NamedTuple):
    """`burst` at once, then one every `seconds`."""

    key: str
    burst: int
    seconds: int
    slow: bool = False


def _buckets(draft: Draft, settings: EffectiveSettings) -> Iterator[Bucket]:
    person, where = _person(draft), ("network", network(draft.visit.address))
    if settings.flood_seconds:
        for key in (where, *person):
            yield Bucket(keyed(*key), settings.flood_burst, settings.flood_seconds)
    if settings.slow_seconds:
        # Guests are limited by network, too: a cookie is easily deleted.
        for key in person if draft.author.identity else (where, *person):
            yield Bucket(keyed("slow", str(draft.article_id), *key), 1, settings.slow_seconds, slow=True)


def _person(draft: Draft) -> list[tuple[str, str]]:
    """The key of the account or signed cookie; never of anything that can be typed."""
    if identity := draft.author.identity:
        return [("user", str(identity.user_id)) if identity.user_id else ("identity", str(identity.pk))]
    return [("browser", draft.visit.browser)] if draft.visit.browser else []


def consume_one(key: str, *, burst: int, seconds: int) -> int:
    """Take one token from a bucket that holds `burst` and gets one back every `seconds`. In a transaction.

    Returns 0, or how many seconds to wait; then no token is taken.
    """
    empty = _take([Bucket(key, burst, seconds)])
    return empty[1] if empty else 0


def _take(buckets: list[Bucket]) -> tuple[Bucket, int] | None:
    """Take one token from each bucket; or return the first that is empty, by its key, and how many seconds to wait.

    All rows are locked in one order, by their keys, which rules out deadlocks.
    """
    if not buckets:
        return None
    now = timezone.now()
    pauses = {bucket.key: dt.timedelta(seconds=bucket.seconds) for bucket in buckets}
    taken, others = take_limits(pauses, now=now), dict[str, dt.datetime]()
    for bucket in sorted(buckets):
        pause = pauses[bucket.key]
        full_at = taken[bucket.key] - pause  # or now, where it was full
        too_early = full_at - now - pause * (bucket.burst - 1)
        if is_ahead(full_at, now, pause * bucket.burst):
            others[bucket.key] = now + pause * bucket.burst  # One post passes, which stores a time that can be.
        elif too_early > dt.timedelta():
            put_limits({key: taken[key] - pauses[key] for key in pauses})
            return bucket, math.ceil(too_early.total_seconds())
    if others:
        put_limits(others)
    return None


def full() -> QuerySet[RateLimit]:
    """Return buckets that are full again, which limit nobody."""
    return RateLimit.objects.filter(full_at__lt=timezone.now())
