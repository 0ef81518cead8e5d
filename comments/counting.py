"""Keeps the counts true: an article's comments, a comment's replies, a thread's size. Approved comments only."""

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest

from articles.models import Article
from comments.models import Comment

APPROVED = Comment.Status.APPROVED


def adjust(comment: Comment, *, before: str, after: str) -> None:
    """Move the counts by what a change of status means to readers, inside its transaction."""
    step = (after == APPROVED) - (before == APPROVED)
    if not step:
        return
    if comment.parent_id and comment.root_id:
        both = comment.parent_id == comment.root_id
        reply = {"reply_count": _moved("reply_count", step)}
        thread = {"thread_count": _moved("thread_count", step)}
        Comment.objects.filter(pk=comment.parent_id).update(**reply, **(thread if both else {}))
        if not both:
            Comment.objects.filter(pk=comment.root_id).update(**thread)
    Article.objects.filter(pk=comment.article_id).update(
        comment_count=_moved("comment_count", step), page_version=F("page_version") + 1
    )


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
    return articles.filter(~Q(comment_count=total)).update(comment_count=total, page_version=F("page_version") + 1)


def note_change(comment: Comment) -> None:
    """Note, inside its transaction, that readers see something else of an approved comment."""
    Article.objects.filter(pk=comment.article_id).update(page_version=F("page_version") + 1)
