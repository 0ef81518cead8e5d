"""Rendering comments again that an older renderer made: in batches, on a live site, safe to run in parallel."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db.models import QuerySet

from articles import page_versions
from comments.models import Comment
from comments.models.locks import lock_comments
from comments.text.formatting import VERSION, imported_to_html, to_html
from newsreader.kit.long_writes import ShortTransactions

BATCH = 100  # comments; rendered before any row is locked
TURN = 10  # seconds that the worker spends on it at a time


def rerender(*, every: bool = False) -> Iterator[tuple[int, int]]:
    """Render comments of older versions (or all) again. Yields for each batch how many it had, and how many changed.

    A comment that is edited meanwhile keeps its new text.
    """
    last, writes = 0, ShortTransactions()
    while rows := list(_outdated(every=every).filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        made = {row.pk: (row.body, rendered(row)) for row in rows}
        with writes.next():
            changed = _store(made)
        yield len(rows), changed


def rerender_some() -> None:
    """Render again what can be done in one turn. A job of the worker."""
    if not _outdated(every=False).exists():  # Uses the index; sorted as in a batch, SQLite would read all comments.
        return
    ends = time.monotonic() + TURN
    for _ in rerender():
        if time.monotonic() > ends:
            return


def rendered(comment: Comment) -> str:
    """Return a comment's HTML as the present renderer makes it."""
    return imported_to_html(comment.body) if comment.may_hold_html else to_html(comment.body)


def _outdated(*, every: bool) -> QuerySet[Comment]:
    found = Comment.objects.all() if every else Comment.objects.filter(renderer__lt=VERSION)
    return found.only("pk", "body", "channel", "edited_at")


def _store(made: dict[int, tuple[str, str]]) -> int:
    """Store the HTML of these comments, if their text is still the same. In a transaction. Returns how many changed."""
    rows = lock_comments(made, Comment.objects.only("pk", "article_id", "name", *Comment.WRITTEN))
    same = [row for row in rows if row.body == made[row.pk][0]]
    changed = {row.article_id for row in same if row.html != made[row.pk][1]}
    number = sum(row.html != made[row.pk][1] for row in same)
    for row in same:
        row.write(*made[row.pk])
    Comment.objects.bulk_update(same, Comment.WRITTEN)
    page_versions.bump(changed)
    return number
