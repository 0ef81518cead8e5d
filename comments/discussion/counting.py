"""Keeps the counts right: an article's comments and shown roots, a comment's replies, a thread's size, path buckets.

Only approved comments count. A removed root still counts as a shown root while it has approved replies. Counts change
in the transaction of what changes them, under the lock of the article.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest

from articles import page_versions
from articles.models.article import Article
from comments.discussion import positions
from comments.discussion.positions import Step
from comments.models import Comment, PathBucket
from comments.models.locks import lock_articles
from newsreader.kit.long_writes import ShortTransactions

APPROVED = Comment.Status.APPROVED
RECOUNTED, RECOUNTED_ARTICLES = 2_000, 50  # comments and articles that are recounted in one transaction


Change = tuple[Comment, str, str]  # a comment, its status before, and after


def adjust(changes: Iterable[Change]) -> None:
    """Adjust all counts for these changes of status, in the same transaction.

    The rows already have their new status, and their articles are locked.
    """
    moved = [(comment, before, step) for comment, before, after in changes if (step := _step(before, after))]
    if not moved:
        return
    tops = {comment.root_id or comment.pk for comment, _, _ in moved}
    roots = Comment.objects.only("article", "status", "path", "thread_count").in_bulk(tops)
    stood = {pk: root.status == APPROVED or root.thread_count > 0 for pk, root in roots.items()}
    replies: dict[int, int] = defaultdict(int)
    threads: dict[int, list[Step]] = defaultdict(list)
    articles: dict[int, int] = defaultdict(int)
    for comment, before, step in moved:
        articles[comment.article_id] += step
        if comment.root_id and comment.parent_id:
            replies[comment.parent_id] += step
            threads[comment.root_id].append((comment.path or "", step))
        else:
            stood[comment.pk] = before == APPROVED or roots[comment.pk].thread_count > 0
    for pk, steps in threads.items():
        roots[pk].thread_count = max(roots[pk].thread_count + sum(step for _, step in steps), 0)
    standing: dict[int, list[Step]] = defaultdict(list)
    for pk, root in roots.items():
        if (stands := root.status == APPROVED or root.thread_count > 0) != stood[pk]:
            standing[root.article_id].append((root.path or "", 1 if stands else -1))

    _count_replies(replies, threads)
    for pk, steps in threads.items():
        positions.thread_of(roots[pk]).moved(steps)
    _count_in_articles(articles, standing)
    if standing:
        sizes = Article.objects.filter(pk__in=standing).values_list("pk", "root_count")
        for article_id, size in sizes:
            positions.roots_of(article_id, size).moved(standing[article_id])


def _step(before: str, after: str) -> int:
    return (after == APPROVED) - (before == APPROVED)


def _count_replies(replies: dict[int, int], threads: dict[int, list[Step]]) -> None:
    """Adjust both counts of parents and roots: one statement for all rows that change by the same numbers."""
    same: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pk in {*replies, *threads}:
        same[replies.get(pk, 0), sum(step for _, step in threads.get(pk, ()))].append(pk)
    for (reply_step, thread_step), pks in same.items():
        counts = {"reply_count": reply_step, "thread_count": thread_step}
        if moving := {name: _moved(name, step) for name, step in counts.items() if step}:
            Comment.objects.filter(pk__in=pks).update(**moving)


def _count_in_articles(articles: dict[int, int], standing: dict[int, list[Step]]) -> None:
    same: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pk, step in articles.items():
        same[step, sum(root_step for _, root_step in standing.get(pk, ()))].append(pk)
    for (step, roots_step), pks in same.items():
        counts = {"comment_count": step, "root_count": roots_step}
        moving = {name: _moved(name, by) for name, by in counts.items() if by}
        page_versions.bump(pks, **moving)


def _moved(field: str, step: int) -> Combinable:
    # Never below zero, even if a count was wrong before: recounting repairs it, an error page would not.
    return F(field) + step if step > 0 else Greatest(F(field) + step, Value(0))


@transaction.atomic
def recount(article_ids: list[int] | None = None) -> int:
    """Count everything again from the rows, for some articles or all. Returns how many articles were wrong."""
    articles = Article.objects.all() if article_ids is None else Article.objects.filter(pk__in=article_ids)
    comments = Comment.objects.all() if article_ids is None else Comment.objects.filter(article__in=article_ids)
    approved = Comment.objects.filter(status=APPROVED).order_by()
    # Nobody can post or decide meanwhile.
    lock_articles(articles.only("pk"))

    def size(key: str) -> Coalesce:
        rows = approved.filter(**{key: OuterRef("pk")}).values(key).annotate(size=Count("pk")).values("size")
        return Coalesce(Subquery(rows), Value(0))

    replies, thread = size("parent"), size("root")
    comments.filter(~Q(reply_count=replies) | ~Q(thread_count=thread)).update(reply_count=replies, thread_count=thread)
    total = size("article")
    standing = Comment.objects.roots().order_by().filter(article=OuterRef("pk")).values("article")
    roots = Coalesce(Subquery(standing.annotate(size=Count("pk")).values("size")), Value(0))
    wrong = articles.filter(~Q(comment_count=total) | ~Q(root_count=roots))
    mended = page_versions.bump(wrong, comment_count=total, root_count=roots)
    long_articles = articles.filter(root_count__gt=positions.SHORT)
    long_threads = comments.filter(parent=None, thread_count__gt=positions.SHORT)
    PathBucket.objects.filter(article__in=articles.values("pk")).delete()
    positions.rebuild(
        articles=long_articles.values_list("pk", flat=True), roots=long_threads.values_list("pk", flat=True)
    )
    return mended


def recount_all() -> int:
    """Count everything again, in short transactions. Returns how many articles were wrong.

    A long discussion is one transaction: its article is locked while its rows are counted.
    """
    writes, wrong = ShortTransactions(), 0
    for articles in _in_batches(Article.objects.order_by("pk").values_list("pk", "comment_count")):
        with writes.next():
            wrong += recount(articles)
    return wrong


def _in_batches(articles: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Yield articles whose discussions have some RECOUNTED comments together."""
    batch, comments = list[int](), 0
    for pk, count in articles:
        if batch and (comments + count > RECOUNTED or len(batch) == RECOUNTED_ARTICLES):
            yield batch
            batch, comments = [], 0
        batch.append(pk)
        comments += count
    if batch:
        yield batch
