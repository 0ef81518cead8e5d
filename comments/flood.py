"""How fast somebody may post: a bucket of some, then one per so many seconds, counted in the transaction of the post.

The counter is a row that the transaction locks, so it holds for parallel requests in any number of processes, and a
refused post, rolled back, is not counted.
"""

import datetime as dt
import math

from django.utils import timezone

from comments.drafts import Draft, keyed
from comments.errors import Flood
from comments.models import CommentRules, FloodBucket
from newsreader.kit.web import network


def take(draft: Draft, rules: CommentRules) -> None:
    """Take one from the visitor's buckets, by network and by identity. Raises Flood where one is empty."""
    if not rules.flood_seconds:
        return
    for key in sorted(_keys(draft)):  # One order for everybody: two posts never wait for each other.
        _take(key, rules)


def _keys(draft: Draft) -> set[str]:
    """By address, and by account or signed cookie: never by what anybody can type."""
    keys = {keyed("network", network(draft.visit.address))}
    if identity := draft.author.identity:
        keys.add(keyed("user", str(identity.user_id)) if identity.user_id else keyed("identity", str(identity.pk)))
    elif draft.visit.browser:
        keys.add(keyed("browser", draft.visit.browser))
    return keys


def _take(key: str, rules: CommentRules) -> None:
    now = timezone.now()
    pause = dt.timedelta(seconds=rules.flood_seconds)
    bucket, _ = FloodBucket.objects.select_for_update().get_or_create(key=key, defaults={"full_at": now})
    missing = max(bucket.full_at - now, dt.timedelta())
    too_early = missing - pause * (rules.flood_burst - 1)
    if too_early > dt.timedelta():
        raise Flood(math.ceil(too_early.total_seconds()))
    FloodBucket.objects.filter(pk=key).update(full_at=now + missing + pause)


def forget_full() -> int:
    """Delete buckets that are full again; they say nothing. Returns how many."""
    return FloodBucket.objects.filter(full_at__lt=timezone.now()).delete()[0]
