"""The statements that read a reading order: a position, a page, the buckets on the way there. See `positions`.

`of` is the id of the article whose roots are meant or, with `in_thread`, of the root whose approved replies are.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet, Sum, Window
from django.db.models.expressions import RawSQL

from comments.models import Comment, PathBucket
from comments.models.querysets import CommentQuerySet
from newsreader.kit.compiled_queries import Compiled


def standing(of: int, *, in_thread: bool) -> CommentQuerySet:
    """Return the comments of an order, in no order."""
    if in_thread:
        return Comment.objects.approved().filter(root=of)
    return Comment.objects.filter(article=of).roots()


def buckets(of: int, *, in_thread: bool) -> QuerySet[PathBucket]:
    """Return the buckets of an order, in no order; none for a short one."""
    return PathBucket.objects.filter(root=of) if in_thread else PathBucket.objects.filter(article=of, root=None)


# Not as an aggregate: a compiled query returns rows.
_rows: Any = Func(function="COUNT", template="COUNT(*)", output_field=IntegerField())


@Compiled
def count(of: int, before: str, *since: str, in_thread: bool) -> QuerySet[Any, tuple[int]]:
    """How many comments have a path less than `before` and, if it is given, not less than `since`: one row."""
    rows = standing(of, in_thread=in_thread).filter(path__lt=before)
    return (rows.filter(path__gte=since[0]) if since else rows).values_list(_rows)


# Sums in the database, since an order of a million comments has two thousand buckets.


@Compiled
def bucket_of(of: int, path: str, *, in_thread: bool) -> QuerySet[Any, tuple[str, int]]:
    """The bucket with this path: where it starts, and how many comments come before it."""
    found = buckets(of, in_thread=in_thread).filter(start__lte=path)
    return found.order_by("-start").values_list("start", _sum("start") - F("count"))[:1]


@Compiled
def bucket_at(of: int, first: int, *, in_thread: bool, backwards: bool) -> QuerySet[Any, tuple[str, int]]:
    """The bucket with the comment at this position: its start, and how many come before it.

    With `backwards`, counted from the end: the start of the bucket after it, and how many are from there on.
    """
    found = buckets(of, in_thread=in_thread)
    skipped = _sum("-start") if backwards else _sum("start") - F("count")
    # The last that begins at this position or before it.
    found = found.annotate(skipped=skipped).filter(skipped__lte=first)
    return found.order_by("start" if backwards else "-start").values_list("start", "skipped")[:1]


def _sum(order: str) -> Window:
    return Window(Sum("count"), order_by=order)


_STANDING = {
    True: "root_id = %s AND status = 'approved'",
    False: "article_id = %s AND parent_id IS NULL AND (status = 'approved' OR thread_count > 0)",
}


@Compiled
def page(of: int, skipped: int, *bound: str, in_thread: bool, size: int, backwards: bool) -> CommentQuerySet:
    """`size` comments after the first so many from a path on, or from the first; with `backwards`, down to it.

    What is skipped is read in the index alone, up to the path at which the page begins. In SQL: to the ORM an offset
    belongs to the statement, which would be another one for each.
    """
    after, order, lookup = ("<", "DESC", "lte") if backwards else (">=", "ASC", "gte")
    bounds = f" AND path {after} %s" if bound else ""
    first = f"SELECT path FROM comments_comment WHERE {_STANDING[in_thread]}{bounds}"  # noqa: S608  Constants.
    begin = RawSQL(f"{first} ORDER BY path {order} LIMIT 1 OFFSET %s", [of, *bound, skipped])  # noqa: S611
    rows = standing(of, in_thread=in_thread).filter(**{f"path__{lookup}": begin})
    return rows.order_by("-path" if backwards else "path").for_page()[:size]
