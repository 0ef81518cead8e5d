"""How often each filter entry matched, so that editors see which entries are useful."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from comments.models import FilterEntry


@transaction.atomic
def count(entry_ids: Iterable[int]) -> None:
    """Add one hit to each of these entries, in one statement.

    Called after the post is committed: inside its transaction, all posts with a common word would wait for each other.
    Rows are locked in one order, which rules out deadlocks. `changed_at` stays, so processes keep what they have read.
    """
    locked = FilterEntry.objects.select_for_update().filter(pk__in=list(entry_ids)).order_by("pk").values("pk")
    FilterEntry.objects.filter(pk__in=locked).update(hits=F("hits") + 1, last_hit_at=timezone.now())
