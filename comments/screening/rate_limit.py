"""How fast somebody may post: a bucket of some, then one per so many seconds, counted in the transaction of the post.

In slow mode, besides, one comment of a person under that article in so many seconds.

The counter is a row that the transaction locks, so it holds for parallel requests in any number of processes, and a
refused post, rolled back, is not counted.
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
from newsreader.kit.web import network


def consume(draft: Draft, rules: EffectiveSettings) -> None:
    """Take one from the visitor's buckets, by network and by identity; `rules` are those under the article.

    Raises Flood where one is empty, SlowMode where it is one of the article's slow mode.
    """
    for bucket in sorted(_buckets(draft, rules)):  # One order for everybody: two posts never wait for each other.
        if wait := consume_one(bucket.key, burst=bucket.burst, seconds=bucket.seconds):
            raise SlowMode(wait, span(bucket.seconds)) if bucket.slow else Flood(wait)


class Bucket(NamedTuple):
    """So many at once, then one in so many seconds."""

    key: str
    burst: int
    seconds: int
    slow: bool = False


def _buckets(draft: Draft, rules: EffectiveSettings) -> Iterator[Bucket]:
    person, where = _person(draft), ("network", network(draft.visit.address))
    if rules.flood_seconds:
        for key in (where, *person):
            yield Bucket(keyed(*key), rules.flood_burst, rules.flood_seconds)
    if rules.slow_seconds:
        # Guests are told apart by network as well: a cookie is thrown away in a moment.
        for key in person if draft.author.identity else (where, *person):
            yield Bucket(keyed("slow", str(draft.article_id), *key), 1, rules.slow_seconds, slow=True)


def _person(draft: Draft) -> list[tuple[str, str]]:
    """By account or signed cookie: never by what anybody can type."""
    if identity := draft.author.identity:
        return [("user", str(identity.user_id)) if identity.user_id else ("identity", str(identity.pk))]
    return [("browser", draft.visit.browser)] if draft.visit.browser else []


def consume_one(key: str, *, burst: int, seconds: int) -> int:
    """Take one from a bucket of `burst` that gets one back every so many seconds. In a transaction.

    Returns 0, or how many seconds to wait where it is empty, and then nothing is taken.
    """
    now = timezone.now()
    pause = dt.timedelta(seconds=seconds)
    bucket = lock_limit(key, full_at=now)
    missing = max(bucket.full_at - now, dt.timedelta())
    too_early = missing - pause * (burst - 1)
    if too_early > dt.timedelta():
        return math.ceil(too_early.total_seconds())
    RateLimit.objects.filter(pk=key).update(full_at=now + missing + pause)
    return 0


def forget_full() -> int:
    """Delete buckets that are full again; they say nothing. Returns how many."""
    return RateLimit.objects.filter(full_at__lt=timezone.now()).delete()[0]
