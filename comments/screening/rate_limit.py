"""How fast somebody may post: a token bucket (a few comments at once, then one every so many seconds).

In slow mode, a person may also post only one comment under that article every so many seconds.

The bucket is a row that the transaction of the post locks. So the limit holds for parallel requests in any number of
processes, and a refused post, which is rolled back, does not count. Nobody waits longer than the rule says, even after
the clock was set back, or after editors have made a strict rule milder.
"""

import datetime as dt
import math
from collections.abc import Iterator
from typing import NamedTuple

from django.utils import timezone

from comments.drafts import Draft, keyed
from comments.errors import Flood, SlowMode
from comments.models import RateLimit
from comments.models.effective_settings import EffectiveSettings
from comments.models.locks import lock_limit
from comments.screening.article_settings import span
from newsreader.kit.client_address import network
from newsreader.kit.clock import is_ahead


def consume(draft: Draft, settings: EffectiveSettings) -> None:
    """Take one token from each of the visitor's buckets: by network, and by person.

    Raises Flood if one is empty; SlowMode if that is the bucket of the article's slow mode.
    """
    for bucket in sorted(_buckets(draft, settings)):  # Always in the same order, which rules out deadlocks.
        if wait := consume_one(bucket.key, burst=bucket.burst, seconds=bucket.seconds):
            raise SlowMode(wait, span(bucket.seconds)) if bucket.slow else Flood(wait)


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
    now = timezone.now()
    pause = dt.timedelta(seconds=seconds)
    bucket = lock_limit(key, full_at=now)
    missing = max(bucket.full_at - now, dt.timedelta())
    if is_ahead(bucket.full_at, now, pause * burst):
        missing = pause * (burst - 1)  # One post passes, which stores a time that can be.
    too_early = missing - pause * (burst - 1)
    if too_early > dt.timedelta():
        return math.ceil(too_early.total_seconds())
    RateLimit.objects.filter(pk=key).update(full_at=now + missing + pause)
    return 0


def forget_full() -> int:
    """Delete buckets that are full again, which limit nobody. Returns how many."""
    return RateLimit.objects.filter(full_at__lt=timezone.now()).delete()[0]
