"""A system check over the data (`manage.py check --database default`), for what a constraint cannot express."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError
from django.db.models import F, Q

from comments.models import Comment


@register(Tags.database)
def threads_stay_under_their_article(databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Find comments whose parent or root belongs to another article, or whose parent is not one level above them."""
    found: list[CheckMessage] = []
    for database in databases or []:
        misplaced = (
            Comment.objects.using(database)
            .exclude(parent=None)
            .filter(
                ~Q(parent__article_id=F("article_id"))
                | ~Q(root__article_id=F("article_id"))
                | ~Q(depth=F("parent__depth") + 1)
            )
        )
        try:
            ids = list(misplaced.values_list("pk", flat=True)[:10])
        except DatabaseError:
            continue  # Not migrated yet, so there is no data to check.
        if ids:
            found.append(
                Error(
                    f"Comments whose parent belongs to another article or level: {', '.join(map(str, ids))}.",
                    hint="Make each a root, or move it under its parent's article.",
                    id="comments.E001",
                )
            )
    return found
