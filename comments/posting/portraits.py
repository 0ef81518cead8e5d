"""The picture beside a comment, once its author has removed or replaced it: each comment names the file it shows."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from articles import page_versions, surrogate_keys
from comments.models import Comment
from newsreader.kit.long_writes import ShortTransactions
from newsreader.kit.tasks import task

BATCH = 500  # comments in one transaction


def give_up(name: str, identity_ids: list[int]) -> None:
    """Have comments of these identities show another picture, and a CDN drop this one (PICTURE_GONE).

    In the transaction that takes the picture away.
    """
    surrogate_keys.note_file(name)
    exchange.enqueue(name, identity_ids)


@task()
def exchange(name: str, identity_ids: list[int]) -> None:
    """Have comments of these identities show what their author has now, in place of this file. Safe to run twice."""
    for pk in identity_ids:
        _exchange(Q(identity=pk, avatar=name))


def drop(names: Collection[str]) -> int:
    """Have no comment show any of these files, whoever has left it. Returns how many did. Looks at all comments."""
    return _exchange(Q(avatar__in=names) & ~Q(avatar="")) if names else 0


def _exchange(which: Q) -> int:
    writes, changed, last = ShortTransactions(), 0, 0
    found = Comment.objects.filter(which).select_related("identity__user").order_by("pk")
    while rows := list(found.filter(pk__gt=last)[:BATCH]):
        last = rows[-1].pk
        with writes.next():
            page_versions.bump(sorted({row.article_id for row in rows}))
            for row in rows:
                shown = row.identity.shown_avatar if row.identity else ""
                instead = "" if shown == row.avatar else shown
                Comment.objects.filter(pk=row.pk, avatar=row.avatar).update(avatar=instead)
        changed += len(rows)
    return changed
