"""Nobody decides about an objection to their own decision while somebody else could."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from comments.errors import OwnDecision
from newsreader.accounts.models import User


def is_own(by: User, deciders: Collection[int | None], could: QuerySet[User]) -> bool:
    """Say whether `by` is among those who decided. Raises OwnDecision where they are but another of `could` is not."""
    if by.pk not in deciders:
        return False
    if could.exclude(pk__in=[pk for pk in deciders if pk]).exists():
        raise OwnDecision()
    return True
