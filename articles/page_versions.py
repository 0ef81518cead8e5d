"""Page versions: a counter for each article and two for the site, from which pages get their ETags.

The site's are for what is on every page (`page_version`), and for which articles there are and what lists show of them
(`lists_version`). With a CDN, what they are counted for is also what it has to drop. What a page was made of it says by
`depends`; whether that still holds is asked of the database before each use of a finished page (`newsreader.front`).

Whatever changes something on a public page calls one of these functions, inside its own transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest

from articles import surrogate_keys
from articles.models.article import Article
from articles.models.site import Site
from newsreader.kit.compiled_updates import Change, CompiledUpdate
from newsreader.kit.depends import COMMENTS, LISTS, SITE, Depends
from newsreader.kit.kept import columns

COLUMN = "page_version"
# The columns of an article that change with its comments.
OF_COMMENTS = frozenset({"comment_count", "root_count", COLUMN})
OF_SITE = frozenset({COLUMN, "lists_version"})  # the counters of a site


def bump(articles: Iterable[int] | QuerySet[Article], **values: Any) -> int:
    """Count a change of what these articles' pages show, and set `values` in the same statement.

    A change by the newsroom (with `version`) counts for lists too, unless it is of nothing that readers see.
    Returns how many articles there are.
    """
    if isinstance(articles, list) and len(articles) == 1 and not values:  # as after an edit of a comment
        _note_discussion(articles[0])
        return len(_bumped(articles[0]))
    rows = articles if isinstance(articles, QuerySet) else Article.objects.filter(pk__in=list(articles))
    ids = list(rows.values_list("pk", flat=True)) if settings.CDN else []
    count = rows.update(page_version=F("page_version") + 1, **values)
    if "version" in values:
        bump_lists(None if "state" in values else rows)
    surrogate_keys.note_articles(ids, by_newsroom="version" in values)
    return count


def bumping(article_id: int) -> Change:
    """Return what `bump` does for a change of an article's discussion, to be written with other rows."""
    _note_discussion(article_id)
    return _bumped.change(article_id)


def _note_discussion(article_id: int) -> None:
    surrogate_keys.note_articles([article_id] if settings.CDN else [], by_newsroom=False)


@partial(CompiledUpdate, COLUMN)
def _bumped(article_id: int) -> tuple[QuerySet[Article], dict[str, Any]]:
    return Article.objects.filter(pk=article_id), {COLUMN: F(COLUMN) + 1}


@partial(CompiledUpdate, "root_count")
def _counted(article_id: int, *, comments: int, roots: int) -> tuple[QuerySet[Article], dict[str, Any]]:
    moved = {name: moved_by(name, step) for name, step in (("comment_count", comments), ("root_count", roots)) if step}
    return Article.objects.filter(pk=article_id), {"page_version": F("page_version") + 1, **moved}


def count_comments(article_id: int, *, comments: int, roots: int) -> int:
    """Move both counts of an article by so many, and count that as a change of its page. Returns its new `root_count`.

    One statement, which locks the article until the transaction ends.
    """
    found = _counted(article_id, comments=comments, roots=roots)
    _note_discussion(article_id)
    return int(found[0]) if found else 0


def counting_comments(article_id: int, *, comments: int, roots: int) -> Change:
    """Return what `count_comments` does, to be written with other rows."""
    _note_discussion(article_id)
    return _counted.change(article_id, comments=comments, roots=roots)


def moved_by(field: str, step: int) -> Combinable:
    """Return the expression for a count that moves by so many."""
    # Never below zero, even if a count was wrong before: recounting repairs it, an error page would not.
    return F(field) + step if step > 0 else Greatest(F(field) + step, Value(0))


def bump_lists(articles: QuerySet[Article] | None = None) -> None:
    """Count a change of what lists of articles show, if readers see one of these articles; None: in any case."""
    site = Site.objects.filter(pk=1)
    if articles is not None:
        site = site.filter(Exists(articles.filter(state=Article.State.PUBLISHED)))
    site.update(lists_version=F("lists_version") + 1)


def save(article: Article, *names: str) -> None:
    """Save these fields of an article, and count a change of it and of its page."""
    bump([article.pk], version=F("version") + 1, **{name: getattr(article, name) for name in names})
    article.refresh_from_db(fields=["page_version", "version"])


def bump_site() -> None:
    """Count a change of something that is on every page, or on the pages of many articles."""
    Site.objects.filter(pk=1).update(page_version=F("page_version") + 1)
    surrogate_keys.note_site()


def in_lists(article: Article, *, comments: bool = True) -> str:
    """Return what changes with what lists show of an article, for their ETags. `comments`: with their number.

    Names of sections and authors count for the site.
    """
    picture = columns(article.lead_picture) if article.lead_picture_id else []
    return repr([article.pk, article.version, article.comment_count if comments else 0, picture])


def depends(
    site: Site,
    articles: Iterable[Article] = (),
    *,
    lists: bool = False,
    comments: int | None = None,
    until: dt.datetime | None = None,
) -> Depends:
    """Return what a page depends on: the site's row, articles' rows, whatever lists show, and a time.

    `comments`: the version of the newest of the whole site (`newsreader.kit.depends.version_of`).

    The rows are those that were read before anything else that the page shows, so that what comes later is not older.
    """
    versions: list[tuple[str | int, int]] = [(SITE, site.page_version)]
    if lists:
        versions.append((LISTS, site.lists_version))
    versions += [(row.pk, row.page_version) for row in articles]
    if comments is not None:
        versions.append((COMMENTS, comments))
    return Depends(tuple(versions), until.timestamp() if until else float("inf"))
