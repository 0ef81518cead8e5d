"""Taking imported comments out again: which of them somebody has worked on since, and deleting the others for good."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from comments.discussion import counting
from comments.models import Appeal, Comment, Decision, Label, Note, Report, Revision

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


def delete(ids: list[int]) -> int:
    """Delete these comments with all that belongs to them, and adjust the counts. Returns how many there were.

    In a transaction. Their articles are locked. Replies come before, or together with, what they reply to.
    """
    rows = list(Comment.objects.filter(pk__in=ids).only("article", "parent", "root", "path", "status"))
    shown = [row for row in rows if row.status == Comment.Status.APPROVED]
    if shown:  # Taken out of the counts like what is removed, so that these are right whatever comes after this.
        Comment.objects.filter(pk__in=[row.pk for row in shown]).update(status=Comment.Status.TRASH)
        counting.adjust([(row, Comment.Status.APPROVED, Comment.Status.TRASH) for row in shown])
    gone = Comment.objects.filter(pk__in=[row.pk for row in rows])
    gone.update(parent=None, root=None, depth=0)  # So that their order does not matter.
    gone.delete()
    return len(rows)
