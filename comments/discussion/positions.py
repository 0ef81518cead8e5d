"""Positions in a reading order of any length: how many comments come before one, and which comment is at a position.

A reading order holds the roots that an article shows, or the approved comments under a root; an index sorts both by
path. A long order is divided into path buckets of some hundred comments whose sizes are stored (`PathBucket`), so that
rows are never counted one by one: a position is the sum of the buckets before it, and a few hundred index entries.
Whoever changes an order holds the lock of its article.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from comments.discussion import order_queries
from comments.models import Comment, PathBucket

SIZE = 500  # comments in a new bucket; it is split when it holds twice as many
SHORT = 2 * SIZE  # An order of up to so many comments has no buckets: counting its rows costs about as much.


Step = tuple[str, int]  # a path, and 1 if a comment was added there, -1 if it was removed


@dataclass
class ReadingOrder:
    """The roots that an article shows or, with `root_id`, the approved comments under that root. `size`: how many."""

    article_id: int
    root_id: int | None
    size: int

    @property
    def _of(self) -> int:
        return self.root_id or self.article_id

    @property
    def _in_thread(self) -> bool:
        return self.root_id is not None

    def _buckets(self) -> QuerySet[PathBucket]:
        return order_queries.buckets(self._of, in_thread=self._in_thread)

    @property
    def is_long(self) -> bool:
        return self.size > SHORT

    # --- Reading --------------------------------------------------------------------------------------------------

    def before(self, path: str) -> int:
        """Return how many comments come before this path. At most two queries."""
        kind = {"in_thread": self._in_thread}
        start, earlier = (self.is_long and order_queries.bucket_of.first(self._of, path, **kind)) or ("", 0)
        found = order_queries.count.first(self._of, path, *([start] if start else []), **kind)
        return earlier + (found[0] if found else 0)

    def span(self, low: str, high: str) -> tuple[int, int]:
        """Return the position of the first comment between two paths, and how many are there. At most four queries."""
        first = self.before(low + "0")  # Less than any path under `low`, and greater than `low`.
        return first, max(self.before(high) - first, 0)

    def page(self, first: int, size: int, *, backwards: bool = False) -> list[Comment]:
        """Return `size` comments from position `first` (from 0); with `backwards`, counted and read from the end.

        With the columns that a page shows. At most two queries: near the start no bucket is looked for, and where there
        is none, or a wrong one, the database counts.
        """
        if size < 1:
            return []
        how = {"in_thread": self._in_thread, "backwards": backwards}
        bound, skipped = (first > SIZE and order_queries.bucket_at.first(self._of, first, **how)) or ("", 0)
        return order_queries.page(self._of, first - skipped, *([bound] if bound else []), size=size, **how)

    # --- Changing -------------------------------------------------------------------------------------------------

    def moved(self, steps: list[Step]) -> None:
        """Update the buckets for comments added (1) or removed (-1) at these paths; `size` already includes them."""
        was_long = self.size - sum(step for _, step in steps) > SHORT
        if not self.is_long:
            if was_long:
                self._buckets().delete()
            return
        held = list(self._holding(steps)) if was_long else []
        if not held or held[0].start > min(path for path, _ in steps):
            rebuild(roots=[self.root_id]) if self.root_id else rebuild(articles=[self.article_id])
            return
        grown: dict[int, int] = defaultdict(int)
        starts = [bucket.start for bucket in held]
        for path, step in steps:
            grown[bisect_right(starts, path) - 1] += step
        for at, step in grown.items():
            if step:
                PathBucket.objects.filter(pk=held[at].pk).update(count=Greatest(F("count") + step, Value(0)))
            held[at].count = max(held[at].count + step, 0)
            if held[at].count > 2 * SIZE:
                self._divide(held[at])

    def _holding(self, steps: list[Step]) -> Iterable[PathBucket]:
        """The buckets that hold these paths, in order; for one path, its bucket only."""
        low, high = min(path for path, _ in steps), max(path for path, _ in steps)
        rows = self._buckets().filter(start__lte=high)
        if low == high:
            return rows.order_by("-start")[:1]
        return rows.order_by("start")

    def _divide(self, held: PathBucket) -> None:
        rows = order_queries.standing(self._of, in_thread=self._in_thread).filter(path__gte=held.start).in_order()
        middle = rows.values_list("path", flat=True)[SIZE : SIZE + 1].get()
        beyond = held.count - SIZE
        PathBucket.objects.filter(pk=held.pk).update(count=SIZE)
        PathBucket.objects.create(article_id=self.article_id, root_id=self.root_id, start=middle or "", count=beyond)


def rebuild(*, articles: Iterable[int] | None = None, roots: Iterable[int] | None = None) -> None:
    """Make the buckets anew for the long ones among these articles' roots and these roots' threads."""
    article_ids, root_ids = list(articles or ()), list(roots or ())
    PathBucket.objects.filter(Q(article__in=article_ids, root=None) | Q(root__in=root_ids)).delete()
    found = Comment.objects.filter(article__in=article_ids).roots().order_by("article", "path")
    PathBucket.objects.bulk_create(_divided(found.values_list("article", "article", "path"), under_root=False))
    found = Comment.objects.approved().filter(root__in=root_ids).order_by("root", "path")
    PathBucket.objects.bulk_create(_divided(found.values_list("article", "root", "path"), under_root=True))


def _divided(rows: QuerySet, *, under_root: bool) -> Iterator[PathBucket]:
    """Yield the buckets of long orders, given as rows (article, order, path) sorted by order and path."""
    for key, members in groupby(rows.iterator(), key=lambda row: row[:2]):
        article_id, order_id = key
        paths = [path for _, _, path in members]
        if len(paths) <= SHORT:
            continue
        for at in range(0, len(paths), SIZE):
            yield PathBucket(
                article_id=article_id,
                root_id=order_id if under_root else None,
                start=paths[at] if at else "",
                count=min(SIZE, len(paths) - at),
            )


def roots_of(article_id: int, size: int) -> ReadingOrder:
    return ReadingOrder(article_id, None, size)


def thread_of(root: Comment) -> ReadingOrder:
    return ReadingOrder(root.article_id, root.pk, root.thread_count)
