"""How often each entry of the lists was found, for telling which of them are of use."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from comments.models import FilterEntry


@transaction.atomic
def count(rule_ids: Iterable[int]) -> None:
    """Add one to each of these, in one statement.

    Called after a post is committed: within it, everybody whose text holds the word of the day would wait for everybody
    else. Rows are locked in one order, so that nobody waits in a circle. The lists are not read anew for it.
    """
    locked = FilterEntry.objects.select_for_update().filter(pk__in=list(rule_ids)).order_by("pk").values("pk")
    FilterEntry.objects.filter(pk__in=locked).update(hits=F("hits") + 1, last_hit_at=timezone.now())
