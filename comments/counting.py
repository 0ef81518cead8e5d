"""Keeps the counts true: an article's comments and standing roots, a comment's replies, a thread's size and places.

Approved comments only, but for roots, which stand as long as something approved is under them. Everything is kept in
the transaction of what changes it, under the lock of the article.
"""

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest

from articles.models import Article
from comments import places
from comments.models import Comment, Stretch

APPROVED = Comment.Status.APPROVED


def adjust(comment: Comment, *, before: str, after: str) -> None:
    """Move the counts by what a change of status means to readers, inside its transaction."""
    step = (after == APPROVED) - (before == APPROVED)
    if not step:
        return
    root = Comment.objects.only("article", "status", "path", "thread_count").get(pk=comment.root_id or comment.pk)
    if comment.root_id:
        stood = root.status == APPROVED or root.thread_count > 0
        root.thread_count = max(root.thread_count + step, 0)
        stands = root.status == APPROVED or root.thread_count > 0
        _count_reply(comment, step)
        places.thread_of(root).moved(comment.path or "", step)
    else:
        stood = before == APPROVED or root.thread_count > 0
        stands = after == APPROVED or root.thread_count > 0
    roots_step = stands - stood
    roots = {"root_count": _moved("root_count", roots_step)} if roots_step else {}
    Article.objects.filter(pk=comment.article_id).update(
        comment_count=_moved("comment_count", step), page_version=F("page_version") + 1, **roots
    )
    if roots_step:
        size = Article.objects.values_list("root_count", flat=True).get(pk=comment.article_id)
        places.roots_of(comment.article_id, size).moved(root.path or "", roots_step)


def _count_reply(comment: Comment, step: int) -> None:
    reply = {"reply_count": _moved("reply_count", step)}
    thread = {"thread_count": _moved("thread_count", step)}
    both = comment.parent_id == comment.root_id
    Comment.objects.filter(pk=comment.parent_id or 0).update(**reply, **(thread if both else {}))
    if not both:
        Comment.objects.filter(pk=comment.root_id or 0).update(**thread)


def _moved(field: str, step: int) -> Combinable:
    # Never below nothing, even where a count had drifted: recounting mends it, an error page would not.
    return F(field) + step if step > 0 else Greatest(F(field) + step, Value(0))


@transaction.atomic
def recount(article_ids: list[int] | None = None) -> int:
    """Set every count anew from the rows; of some articles, or of all. Returns how many articles were wrong."""
    articles = Article.objects.all() if article_ids is None else Article.objects.filter(pk__in=article_ids)
    comments = Comment.objects.all() if article_ids is None else Comment.objects.filter(article__in=article_ids)
    approved = Comment.objects.filter(status=APPROVED).order_by()
    # Nobody posts or decides meanwhile. All in one order, as two counts at once must not wait for each other.
    list(articles.select_for_update().order_by("pk").values_list("pk", flat=True))

    def size(key: str) -> Coalesce:
        rows = approved.filter(**{key: OuterRef("pk")}).values(key).annotate(size=Count("pk")).values("size")
        return Coalesce(Subquery(rows), Value(0))

    replies, thread = size("parent"), size("root")
    comments.filter(~Q(reply_count=replies) | ~Q(thread_count=thread)).update(reply_count=replies, thread_count=thread)
    total = size("article")
    standing = Comment.objects.roots().order_by().filter(article=OuterRef("pk")).values("article")
    roots = Coalesce(Subquery(standing.annotate(size=Count("pk")).values("size")), Value(0))
    wrong = articles.filter(~Q(comment_count=total) | ~Q(root_count=roots))
    mended = wrong.update(comment_count=total, root_count=roots, page_version=F("page_version") + 1)
    long_articles = articles.filter(root_count__gt=places.SHORT)
    long_threads = comments.filter(parent=None, thread_count__gt=places.SHORT)
    Stretch.objects.filter(article__in=articles.values("pk")).delete()
    places.rebuild(articles=long_articles.values_list("pk", flat=True), roots=long_threads.values_list("pk", flat=True))
    return mended


def note_change(comment: Comment) -> None:
    """Note, inside its transaction, that readers see something else of an approved comment."""
    Article.objects.filter(pk=comment.article_id).update(page_version=F("page_version") + 1)
