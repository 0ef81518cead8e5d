"""Roots with their first replies, as REST shows them: the first page of a discussion, in one query.

`threads` reads what pages show, and `threads.first_replies` the replies of further pages over REST.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from comments.models import Comment, CommentSettings
from comments.models.querysets import CommentQuerySet
from comments.models.settings import MOST_REPLIES_SHOWN
from newsreader.kit.compiled_queries import Compiled

Branches = tuple[list[Any], dict[int, list[Any]]]  # roots, and the replies shown under each by its id


class Row(NamedTuple):
    """What anybody sees of a comment over REST, as the database has given it: a key for what is made of it.

    Of twenty branches usually one has changed. To make models of the others took an eighth of a list.
    """

    pk: int
    article_id: int
    parent_id: int | None
    root_id: int | None
    depth: int
    path: str
    status: str
    name: str
    website: str
    avatar: str
    provider: str
    by_staff: bool
    html: str
    created: dt.datetime
    edited: dt.datetime | None
    author_erased_at: dt.datetime | None
    reply_count: int
    thread_count: int

    shown_name = Comment.shown_name  # type: ignore[misc]
    permanent_url = Comment.permanent_url  # type: ignore[misc]

    @property
    def created_at(self) -> dt.datetime:
        return cast(dt.datetime, _in_utc(self.created))

    @property
    def edited_at(self) -> dt.datetime | None:
        return _in_utc(self.edited)


_COLUMNS = {"created": "created_at", "edited": "edited_at"}


def _in_utc(time: dt.datetime | None) -> dt.datetime | None:
    """Return a time with its zone, which SQLite does not store."""
    return time.replace(tzinfo=dt.UTC) if time is not None and time.tzinfo is None else time


def for_anybody(article_id: int, how_many: int, *, backwards: bool = False) -> Branches:
    """Return the first roots of a discussion that readers see, with their first replies, as `Row`s.

    No roots: nobody sees the article, or there are none.
    """
    rows = map(Row._make, _rows.given(article_id, how_many=how_many, backwards=backwards))
    return _grouped(rows, backwards=backwards)


def for_members(article_id: int, how_many: int, *, backwards: bool = False) -> Branches:
    """Return the same as comments, with their texts and whose they are."""
    return _grouped(_comments(article_id, how_many=how_many, backwards=backwards), backwards=backwards)


def _grouped(rows: Iterable[Any], *, backwards: bool) -> Branches:
    roots: list[Any] = []
    replies: dict[int, list[Any]] = {}
    for row in rows:
        if row.parent_id is None:
            roots.append(row)
        else:
            replies.setdefault(row.root_id, []).append(row)
    return roots[::-1] if backwards else roots, replies


# In one statement: with one for the article, one for the roots and one for their replies a list cost a tenth more on
# SQLite, a fifth on PostgreSQL. Only that has LATERAL; there, the correlated list would be made for every comment.
# How many roots stands in the text. PostgreSQL takes a number that it is given or reads for a tenth of all: it planned
# this anew for each request, 0.35 of 0.7 ms.
_BRANCHES = """
    WITH roots AS (
        SELECT id, thread_count FROM comments_comment
        WHERE article_id = %s AND parent_id IS NULL AND (status = 'approved' OR thread_count > 0)
            AND EXISTS (SELECT 1 FROM articles_article WHERE id = %s AND state = 'published')
        ORDER BY path {order} LIMIT {how_many}
    )
    SELECT id FROM roots
    UNION ALL
    SELECT replies.id FROM roots {replies} WHERE roots.thread_count > 0
"""
_UNDER = "SELECT id FROM comments_comment WHERE status = 'approved' AND root_id = roots.id ORDER BY path"
_SHOWN = "LIMIT COALESCE((SELECT replies_shown FROM comments_commentsettings WHERE id = 1), {default})"
# Nor does it read a whole thread, where most are long, once it is told the most that could be shown: of 60,000 replies
# that took 19 ms instead of 0.3.
_REPLIES = {
    "postgresql": "CROSS JOIN LATERAL (SELECT id FROM ({under} LIMIT {most}) AS first {shown}) AS replies",
    "sqlite": "JOIN comments_comment AS replies ON replies.id IN ({under} {shown})",
}


def _sql(vendor: str, how_many: int, *, backwards: bool) -> str:
    # The default is for a site whose settings nobody has opened yet.
    shown = _SHOWN.format(default=CommentSettings._meta.get_field("replies_shown").default)
    replies = _REPLIES[vendor].format(under=_UNDER, shown=shown, most=MOST_REPLIES_SHOWN)
    return _BRANCHES.format(order="DESC" if backwards else "ASC", how_many=how_many, replies=replies)


def _branches(article_id: int, how_many: int, *, backwards: bool) -> CommentQuerySet:
    ids = RawSQL(_sql(connection.vendor, how_many, backwards=backwards), [article_id, article_id])  # noqa: S611
    return Comment.objects.filter(pk__in=ids).in_order()


@Compiled
def _rows(article_id: int, *, how_many: int, backwards: bool) -> QuerySet[Comment, Any]:
    columns = [_COLUMNS.get(name, name) for name in Row._fields]
    return _branches(article_id, how_many, backwards=backwards).values_list(*columns)


@Compiled
def _comments(article_id: int, *, how_many: int, backwards: bool) -> CommentQuerySet:
    return _branches(article_id, how_many, backwards=backwards).over_rest()
