"""Rows of articles for lists, with everything that a list shows, by statements that are compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from articles.models.article import Article, Byline
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag
from articles.page_versions import COLUMN
from newsreader.kit.compiled_queries import Compiled, give

COMPILED = 10  # pages of a list; whoever reads further back waits a millisecond longer


def narrowed(articles: ArticleQuerySet, subject: type[Section | Tag | Author] | None, pk: Any) -> ArticleQuerySet:
    """Return those of these articles that are in a section, have a tag, or are by an author; all without a subject."""
    return articles.under(str(subject._meta.model_name), pk) if subject else articles


def newest(subject: Section | Tag | Author | None, first: int, size: int) -> list[Article]:
    """Return published articles of this subject, or of all, newest first, from a position. Two queries."""
    kind = type(subject) if subject else None
    if first < COMPILED * size:
        values = (subject.pk,) if subject else ()
        return with_bylines(_newest(*values, subject=kind, first=first, size=size))
    return with_bylines(list(_newest.build(subject and subject.pk, subject=kind, first=first, size=size)))


def by_ids(ids: Sequence[int]) -> dict[int, Article]:
    """Return the published articles among these, by id. Two queries."""
    return {row.pk: row for row in with_bylines(_by_ids(*ids) if ids else [])}


@Compiled
def _newest(pk: Any = None, *, subject: type[Section | Tag | Author] | None, first: int, size: int) -> ArticleQuerySet:
    found = narrowed(_shown(), subject, pk)
    return found.newest_first()[first : first + size]


@Compiled
def _by_ids(*ids: int) -> ArticleQuerySet:
    return _shown().filter(pk__in=ids)


# What lists show, and what their pages depend on: articles have many more columns, times above all.
_SHOWN = (
    "kind", "headline", "slug", "standfirst", "section__name", "section__slug", "lead_picture", "published_at",
    "published_on", "comment_count", "version", COLUMN,
)  # fmt: skip


def _shown() -> ArticleQuerySet:
    return Article.objects.published().articles().with_frame().only(*_SHOWN)


_bylines = Compiled(lambda *ids: Byline.objects.filter(article__in=ids).select_related("author"))


def with_bylines(articles: list[Article]) -> list[Article]:
    """Give articles their bylines with the authors, as a prefetch does. One query."""
    found: dict[int, list[Byline]] = {article.pk: [] for article in articles}
    for byline in _bylines(*found) if found else []:
        found[byline.article_id].append(byline)
    for article in articles:
        give(article, bylines=found[article.pk])
    return articles
