"""Row locks, taken in one order by every operation: articles, rate limits, comments; rows of one table by their keys.

This rules out deadlocks. Whoever needs several locks takes them here, inside a transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from articles.models.article import Article
from comments.models import Comment, RateLimit
from newsreader.kit.compiled_inserts import insert
from newsreader.kit.compiled_queries import Compiled


def lock_articles(articles: Iterable[int] | QuerySet[Article]) -> list[Article]:
    """Lock these articles and return those that exist, by id. One query. Given ids, it loads nothing but the ids."""
    if not isinstance(articles, QuerySet):
        articles = Article.objects.filter(pk__in=list(articles)).only("pk")
    return list(articles.select_for_update(of=("self",)).order_by("pk"))


@Compiled
def _published_locked(article_id: int) -> QuerySet[Article]:
    published = Article.objects.published().select_related("discussion").defer("body")
    return published.filter(pk=article_id).select_for_update(of=("self",))


def lock_published(article_id: int) -> Article | None:
    """Lock an article that readers see, and return it with the settings of its discussion. One query."""
    return _published_locked.first(article_id)


_limit_locked = Compiled(lambda key: RateLimit.objects.select_for_update().filter(pk=key))


def lock_limit(key: str, *, full_at: dt.datetime) -> RateLimit:
    """Lock the row of a rate limit; if there is none, make one that is full at this time. At most two queries."""
    row = RateLimit(key=key, full_at=full_at)
    if insert(row, unless_there=True):
        return row
    return _limit_locked.first(key) or row


def lock_comments(
    ids: Iterable[int],
    rows: QuerySet[Comment] | None = None,
    *,
    articles: QuerySet[Article] | None = None,
    under: Collection[int] | None = None,
) -> list[Comment]:
    """Lock the articles of these comments, then the comments, and return those that exist, by id. Three queries.

    `rows` says what is loaded with the comments; a condition on it is tested once they are locked. With `articles`, the
    comments come with their articles, loaded by this queryset. `under` are the articles' ids, where they are known;
    this saves a query.
    """
    wanted = list(ids)
    if under is None:
        under = set(Comment.objects.filter(pk__in=wanted).values_list("article_id", flat=True))
    locked = lock_articles(under if articles is None else articles.filter(pk__in=under))
    rows = Comment.objects.all() if rows is None else rows
    comments = list(rows.filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk"))
    if articles is not None:
        by_id = {article.pk: article for article in locked}
        for comment in comments:
            comment.article = by_id[comment.article_id]
    return comments


def lock_comment(
    comment_id: int, rows: QuerySet[Comment] | None = None, *, articles: QuerySet[Article] | None = None
) -> Comment:
    """Lock one comment as `lock_comments` does. Raises Comment.DoesNotExist."""
    found = lock_comments([comment_id], rows, articles=articles)
    if not found:
        raise Comment.DoesNotExist(f"There is no comment {comment_id}.")
    return found[0]
