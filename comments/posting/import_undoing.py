"""Taking imported comments out again: which of them somebody has worked on since, and deleting the others for good."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from comments.discussion import counting
from comments.models import Appeal, Comment, Decision, Label, Note, Report, Revision
from comments.posting.importing import BATCH

_ABOUT: tuple[type[models.Model], ...] = (Revision, Note, Label, Report, Appeal)


def worked_on(comments: models.QuerySet[Comment]) -> models.QuerySet[Comment]:
    """Return those of these comments that were edited, decided about, reported, noted, picked or claimed since."""
    marks = Q(picked_at__isnull=False) | Q(assigned_to__isnull=False) | Q(identity__isnull=False)
    for model in _ABOUT:
        marks |= Q(Exists(_of_each(model)))
    return comments.filter(marks | Q(Exists(_of_each(Decision).exclude(source="import"))))


def _of_each(model: type[models.Model]) -> Any:
    return model._default_manager.filter(comment=OuterRef("pk"))


def threads(comments: models.QuerySet[Comment]) -> set[int]:
    """Return the roots of the threads in which these comments stand."""
    return set(comments.order_by().values_list(Coalesce(F("root"), F("pk")), flat=True).distinct())


def delete(ids: list[int]) -> None:
    """Delete these comments, whole threads, with all that belongs to them, and count anew. In a transaction.

    Their articles are locked.
    """
    articles: set[int] = set()
    for start in range(0, len(ids), BATCH):
        rows = Comment.objects.filter(pk__in=ids[start : start + BATCH])
        articles.update(rows.order_by().values_list("article_id", flat=True).distinct())
        rows.update(parent=None, root=None, depth=0)  # So that the order in which they go does not matter.
    for start in range(0, len(ids), BATCH):
        Comment.objects.filter(pk__in=ids[start : start + BATCH]).delete()
    counted = sorted(articles)
    for start in range(0, len(counted), BATCH):
        counting.recount(counted[start : start + BATCH])
