"""Keeps the counts right: an article's comments and shown roots, a comment's replies, a thread's size, path buckets.

Only approved comments count. A removed root still counts as a shown root while it has approved replies. Counts change
in the transaction of what changes them, under the lock of the article.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from articles import page_versions
from articles.models.article import Article
from articles.page_versions import moved_by
from comments.discussion import positions
from comments.discussion.positions import Step
from comments.models import Comment, PathBucket, Place
from comments.models.locks import LockedForReply, lock_articles
from comments.models.querysets import STANDING
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.compiled_updates import Change
from newsreader.kit.long_writes import ShortTransactions

APPROVED = Comment.Status.APPROVED
RECOUNTED, RECOUNTED_ARTICLES = 2_000, 50  # comments and articles that are recounted in one transaction
COUNTED = ("comment_count", "root_count")


Decided = tuple[Comment, str, str]  # a comment, its status before, and after


def adjust(changes: Iterable[Decided]) -> None:
    """Adjust all counts for these changes of status, in the same transaction.

    The rows already have their new status, and their articles are locked.
    """
    moved = [(comment, before, step) for comment, before, after in changes if (step := _step(before, after))]
    if not moved:
        return
    tops = {comment.root_id or comment.pk for comment, _, _ in moved}
    # A root that is decided itself is here, if it was read whole; the others are read.
    whole = (comment for comment, _, _ in moved if "thread_count" in vars(comment))
    roots = {comment.pk: comment for comment in whole if not comment.root_id}
    if unknown := tops - set(roots):
        roots |= {root.pk: root for root in _roots(*sorted(unknown))}
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
    for article_id, size in _count_in_articles(articles, standing):
        positions.roots_of(article_id, size).moved(standing[article_id])


@Compiled
def _roots(*ids: int) -> QuerySet[Comment]:
    return Comment.objects.filter(pk__in=ids).only("article", "status", "path", "thread_count")


def counting_new(comment: Comment) -> list[Change]:
    """Return what is to be written with a comment that is posted; `count_new` is called after it."""
    if comment.status != APPROVED or comment.root_id:
        return []
    return [page_versions.counting_comments(comment.article_id, comments=1, roots=1)]


def count_new(comment: Comment, locked: LockedForReply) -> None:
    """Count a comment that has just been posted, in the same transaction, with its article locked.

    Sets its `place` where it is the last of the roots that its article shows, as nearly every new one is.
    """
    if comment.status != APPROVED:
        return
    if comment.root_id:
        adjust([(comment, "", comment.status)])
        return
    size = locked.article.root_count + 1
    positions.roots_of(comment.article_id, size).moved([(comment.path or "", 1)])
    if (comment.path or "") > (locked.last_root or ""):
        comment.place = Place(size - 1, size)


def _step(before: str, after: str) -> int:
    return (after == APPROVED) - (before == APPROVED)


def _count_replies(replies: dict[int, int], threads: dict[int, list[Step]]) -> None:
    """Adjust both counts of parents and roots: one statement for all rows that change by the same numbers."""
    same: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pk in {*replies, *threads}:
        same[replies.get(pk, 0), sum(step for _, step in threads.get(pk, ()))].append(pk)
    for (reply_step, thread_step), pks in same.items():
        counts = {"reply_count": reply_step, "thread_count": thread_step}
        if moving := {name: moved_by(name, step) for name, step in counts.items() if step}:
            Comment.objects.filter(pk__in=pks).update(**moving)


def _count_in_articles(articles: dict[int, int], standing: dict[int, list[Step]]) -> Iterable[tuple[int, int]]:
    """Adjust both counts of articles; return those where other roots stand now, with how many."""
    roots_steps = {pk: sum(step for _, step in standing.get(pk, ())) for pk in articles}
    if len(articles) == 1:
        ((pk, step),) = articles.items()
        size = page_versions.count_comments(pk, comments=step, roots=roots_steps[pk])
        return [(pk, size)] if pk in standing else []
    same: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pk, step in articles.items():
        same[step, roots_steps[pk]].append(pk)
    for (step, roots_step), pks in same.items():
        counts = {"comment_count": step, "root_count": roots_step}
        page_versions.bump(pks, **{name: moved_by(name, by) for name, by in counts.items() if by})
    return Article.objects.filter(pk__in=standing).values_list("pk", "root_count") if standing else []


@transaction.atomic
def recount(article_ids: list[int] | None = None) -> int:
    """Count everything again from the rows, for some articles or all. Returns how many articles were wrong."""
    articles = Article.objects.all() if article_ids is None else Article.objects.filter(pk__in=article_ids)
    # Nobody can post or decide meanwhile.
    counts = {row.pk: (row.comment_count, row.root_count) for row in lock_articles(articles.only(*COUNTED))}
    _recount_replies(list(counts))
    wrong: dict[tuple[int, int], list[int]] = defaultdict(list)
    true = dict.fromkeys(counts, (0, 0)) | _counted(list(counts))
    for pk, counted in true.items():
        if counts[pk] != counted:
            wrong[counted].append(pk)
    for (total, roots), pks in wrong.items():
        page_versions.bump(pks, comment_count=total, root_count=roots)
    PathBucket.objects.filter(article__in=list(counts)).delete()
    long = [pk for pk, (total, _) in true.items() if total > positions.SHORT]
    threads = Comment.objects.filter(article__in=long, parent=None, thread_count__gt=positions.SHORT)
    positions.rebuild(
        articles=[pk for pk, (_, roots) in true.items() if roots > positions.SHORT],
        roots=threads.values_list("pk", flat=True),
    )
    return sum(map(len, wrong.values()))


def _recount_replies(article_ids: list[int]) -> None:
    """Correct both counts of comments, by one statement that reads each approved reply twice and no row for another.

    As one set, so that its time does not hang on statistics, as a count for each row would.
    """
    if not article_ids:
        return
    within = f"article_id IN ({', '.join(['%s'] * len(article_ids))})"
    with connection.cursor() as cursor:
        cursor.execute(_REPLIES.format(within=within), [*article_ids, APPROVED, *article_ids, APPROVED, *article_ids])


# Rows with a count come in as zeros, so that those are found that have no replies (any more).
_REPLIES = """
UPDATE comments_comment SET reply_count = found.replies, thread_count = found.thread
FROM (
    SELECT id, SUM(reply) AS replies, SUM(descendant) AS thread FROM (
        SELECT parent_id AS id, 1 AS reply, 0 AS descendant FROM comments_comment
        WHERE {within} AND status = %s AND parent_id IS NOT NULL
        UNION ALL SELECT root_id, 0, 1 FROM comments_comment
        WHERE {within} AND status = %s AND root_id IS NOT NULL
        UNION ALL SELECT id, 0, 0 FROM comments_comment
        WHERE {within} AND (reply_count > 0 OR thread_count > 0)
    ) AS each_one GROUP BY id
) AS found
WHERE comments_comment.id = found.id AND (reply_count <> found.replies OR thread_count <> found.thread)
"""


def _counted(article_ids: list[int]) -> dict[int, tuple[int, int]]:
    """Return how many comments each of these articles shows, and how many roots; nothing for those without any."""
    rows = Comment.objects.filter(article__in=article_ids).order_by().values_list("article")
    shown = Count("pk", filter=Q(status=APPROVED))
    roots = Count("pk", filter=STANDING & Q(parent=None))
    return {pk: (comments, tops) for pk, comments, tops in rows.annotate(comments_shown=shown, roots_shown=roots)}


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
