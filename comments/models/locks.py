"""Row locks, taken in one order by every operation: articles, rate limits, comments; rows of one table by their keys.

This rules out deadlocks. Whoever needs several locks takes them here, inside a transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from django.db import connection
from django.db.models import Exists, QuerySet, Subquery

from articles.models.article import Article
from comments.models import Comment, Revision
from comments.models.comment import NextId
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.statements import run


def lock_articles(articles: Iterable[int] | QuerySet[Article]) -> list[Article]:
    """Lock these articles and return those that exist, by id. One query. Given ids, it loads nothing but the ids."""
    if not isinstance(articles, QuerySet):
        articles = Article.objects.filter(pk__in=list(articles)).only("pk")
    return list(articles.select_for_update(of=("self",)).order_by("pk"))


class LockedForReply(NamedTuple):
    """An article under which somebody posts, and what else is known since it has been locked.

    `comment_id` is reserved for the comment. `is_known`: there are comments with the same text by the same person, or
    with the same key. `last_root` is the path of the last root that the article shows, if there is one.
    """

    article: Article
    comment_id: int
    is_known: bool
    last_root: str | None


def lock_for_reply(article_id: int, duplicate_key: str, *keys: str) -> LockedForReply | None:
    """Lock an article that readers see, and return it with the settings of its discussion; None if there is none.

    `keys`: that of the submission, if it has one. One query; two on PostgreSQL, whose first one sees what there was
    before it waited for the lock.
    """
    values, is_twice = (article_id, duplicate_key, *keys), connection.vendor == "postgresql"
    article: Any = _published_locked.first(*(values[:1] if is_twice else values))
    if article is None:
        return None
    beside = (_beside_locked.first(*values) or (False, None)) if is_twice else (article.is_known, article.last_root)
    return LockedForReply(article, article.reserved or 1, *beside)


@Compiled
def _published_locked(article_id: int, *same: str) -> QuerySet[Article]:
    published = Article.objects.published().select_related("discussion").defer("body")
    found = {"reserved": NextId(Comment._meta.db_table)} | (_beside(article_id, *same) if same else {})
    return published.annotate(**found).filter(pk=article_id).select_for_update(of=("self",))


@Compiled
def _beside_locked(article_id: int, *same: str) -> QuerySet[Article, tuple[bool, str | None]]:
    found: Any = Article.objects.filter(pk=article_id).annotate(**_beside(article_id, *same))
    return found.values_list("is_known", "last_root")


def _beside(article_id: int, *same: str) -> dict[str, Any]:
    roots = Comment.objects.filter(article=article_id).roots().order_by("-path")
    return {
        "is_known": Exists(Comment.objects.known_texts(article_id, *same)),
        "last_root": Subquery(roots.values("path")[:1]),
    }


def take_limits(pauses: Mapping[str, dt.timedelta], *, now: dt.datetime) -> dict[str, dt.datetime]:
    """Lock these rate limits, and have each be full later by its pause: than now, or than it would have been.

    Returns when each is full then. One that there was not is made. One statement; two on SQLite, whose times are text.
    """
    soonest = {key: now + pauses[key] for key in sorted(pauses)}
    if connection.vendor == "postgresql":
        later = "greatest(excluded.full_at, comments_ratelimit.full_at + (excluded.full_at - %s))"
        return put_limits(soonest, update=f"full_at = {later}", values=[now])
    # Nobody else writes meanwhile: a transaction that writes has locked the whole file.
    marks = ", ".join(["%s"] * len(soonest))
    asked = f"SELECT key, full_at FROM comments_ratelimit WHERE key IN ({marks})"  # noqa: S608
    held = {key: _moment(value) for key, value in run(connection, asked, list(soonest)).rows}
    return put_limits({key: max(now, held.get(key, now)) + pauses[key] for key in soonest})


def put_limits(
    full_at: Mapping[str, dt.datetime],
    *,
    update: str = "full_at = excluded.full_at",
    values: Sequence[dt.datetime] = (),
) -> dict[str, dt.datetime]:
    """Set when these rate limits are full, each of them locked. Returns what was stored. One statement."""
    marks = ", ".join(["(%s, %s)"] * len(full_at))
    adapt = connection.ops.adapt_datetimefield_value
    found = run(
        connection,
        f"INSERT INTO comments_ratelimit (key, full_at) VALUES {marks}"  # noqa: S608  Nothing of it was typed.
        f" ON CONFLICT (key) DO UPDATE SET {update} RETURNING key, full_at",
        [*(value for key, moment in full_at.items() for value in (key, adapt(moment))), *map(adapt, values)],
    )
    return {key: _moment(value) for key, value in found.rows}


def _moment(value: Any) -> dt.datetime:
    """Return a time that was read without the ORM, which is in UTC: SQLite gives it as text or without its zone."""
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


@Compiled
def _articles_of(*comment_ids: int) -> QuerySet[Article, tuple[int]]:
    under = Comment.objects.filter(pk__in=comment_ids).values("article")
    return Article.objects.filter(pk__in=under).select_for_update(of=("self",)).order_by("pk").values_list("pk")


def lock_articles_of(comment_ids: Iterable[int]) -> None:
    """Lock the articles of these comments, as `lock_comments` does first."""
    _articles_of.many(sorted(set(comment_ids)))


@Compiled
def _comments_locked(*ids: int) -> QuerySet[Comment]:
    return Comment.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk")


@Compiled
def _comments_with_identities_locked(*ids: int) -> QuerySet[Comment]:
    return _comments_locked.build(*ids).select_related("identity")


@Compiled
def _own_locked(pk: int, *text: Any) -> QuerySet[Comment]:
    """A comment and its article, to be locked: both as they are once they are, as PostgreSQL looks at them again."""
    rows = Comment.objects.filter(pk=pk).select_related("article__discussion", "identity", "connection_data")
    rows = rows.defer("article__body").annotate(next_revision=NextId(Revision._meta.db_table))
    if text:
        rows = rows.annotate(is_repeated=Exists(Comment.objects.known_texts(*text).exclude(pk=pk)))
    return rows.select_for_update(of=("article", "self"))  # PostgreSQL locks in this order.


@Compiled
def _repeated(pk: int, *text: Any) -> QuerySet[Comment, tuple[int]]:
    return Comment.objects.known_texts(*text).exclude(pk=pk).values_list("pk")[:1]


def lock_own(comment_id: int, text: tuple[int, str] | None = None) -> Comment:
    """Lock a comment for its author, with its article. Raises Comment.DoesNotExist.

    With it come the settings of the discussion, who left it, and from where. `next_revision` is reserved for an earlier
    text (see `NextId`). `text`: an article's id and the `duplicate_key` of another text; `is_repeated` then says
    whether others there have it. One query; with `text` two on PostgreSQL, as in `lock_for_reply`.
    """
    is_twice = connection.vendor == "postgresql"
    comment: Any = _own_locked.first(comment_id, *(() if is_twice else text or ()))
    if comment is None:
        raise Comment.DoesNotExist(f"There is no comment {comment_id}.")
    if text and is_twice:
        comment.is_repeated = _repeated.first(comment_id, *text) is not None
    return cast(Comment, comment)


def lock_comments_with_identities(ids: Iterable[int]) -> list[Comment]:
    """Do what `lock_comments` does, with who left each comment."""
    wanted = sorted(set(ids))
    lock_articles_of(wanted)
    return _comments_with_identities_locked.many(wanted)


def lock_comments(
    ids: Iterable[int],
    rows: QuerySet[Comment] | None = None,
    *,
    under: Collection[int] | None = None,
) -> list[Comment]:
    """Lock the articles of these comments, then the comments, and return those that exist, by id. Two queries.

    `rows` says what is loaded with the comments; a condition on it is tested once they are locked. `under` are the
    articles' ids, where they are known.
    """
    wanted = sorted(set(ids))
    if under is None:
        lock_articles_of(wanted)
    else:
        lock_articles(under)
    if rows is None:
        return _comments_locked.many(wanted)
    return list(rows.filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk"))


def lock_comment(comment_id: int, rows: QuerySet[Comment] | None = None) -> Comment:
    """Lock one comment as `lock_comments` does. Raises Comment.DoesNotExist."""
    found = lock_comments([comment_id], rows)
    if not found:
        raise Comment.DoesNotExist(f"There is no comment {comment_id}.")
    return found[0]
