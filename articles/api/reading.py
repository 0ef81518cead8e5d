"""Rows of articles for REST, by statements that are compiled once: the ORM takes ten times as long to write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, cast

from django.db.models import QuerySet

from articles.models.article import Article, Byline, Correction, SourceAttribution
from articles.models.querysets import ArticleQuerySet, NamedQuerySet
from articles.models.taxonomy import Author, Section, Tag
from newsreader.kit.compiled_queries import Compiled, Unmade
from newsreader.kit.kept import columns, values

Kind = Section | Tag | Author
NAMED = ("section", "tag", "author")  # what lists are narrowed by, each given by its slug


class Named(NamedTuple):
    """A tag or an author of an article; of an author also the role in it."""

    pk: int
    slug: str
    name: str
    role: str = ""


class Source(NamedTuple):
    name: str
    url: str
    kind: str


class Corrected(NamedTuple):
    """What readers were told about an error, and when."""

    pk: int
    at: dt.datetime
    text: str


class Lists(NamedTuple):
    """What an article shows several of, each in its order."""

    authors: list[Named]
    tags: list[Named]
    sources: list[Source]
    corrections: list[Corrected]


def newest(asked: Mapping[str, str], size: int) -> list[Article]:
    """Return so many published articles, newest first, of a section, a tag and an author by slug. One query.

    Each is an `Unmade` that stands for its article.
    """
    return _newest.unmade(*asked.values(), by=tuple(asked), size=size)


def columns_of(article: Article) -> tuple[Any, ...]:
    """Return all columns of an article, with those of its section and its lead picture, for a key."""
    if type(article) is Unmade:
        return article.values
    return *values(article), values(article.section), repr(columns(article.lead_picture))


def published(pk: int) -> Article | None:
    """Return an article or page that readers see, or None. One query."""
    return _published.first(pk)


def lists_of(articles: Collection[Article]) -> dict[int, Lists]:
    """Return the lists of each of these articles, by its id. Three queries; a fourth where one was corrected."""
    found = {article.pk: Lists([], [], [], []) for article in articles}
    if found:
        for article, *values in _authors(*found):
            found[article].authors.append(Named(*values))
        for article, *values in _tags(*found):
            found[article].tags.append(Named(*values))
        for article, *values in _sources(*found):
            found[article].sources.append(Source(*values))
    if corrected := [article.pk for article in articles if article.corrected_at]:
        for article, *values in _corrections(*corrected):
            found[article].corrections.append(Corrected(*values))
    return found


def named(kind: type[Kind], *, everything: bool) -> QuerySet[Any]:
    """Return all sections, tags or authors, or those tags and authors that something published names."""
    return kind._default_manager.all() if everything else cast(NamedQuerySet, kind._default_manager).shown()


@Compiled
def first_named(*, kind: type[Kind], everything: bool, size: int) -> QuerySet[Any]:
    return named(kind, everything=everything).order_by("pk")[:size]


@Compiled
def with_slug(slug: str, *, kind: type[Kind], everything: bool) -> QuerySet[Any]:
    return named(kind, everything=everything).filter(slug=slug)


def unknown(asked: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the names of filters, with their slugs, that name nothing. Whom only drafts name is not there."""
    return [(name, slug) for name, slug in asked.items() if not _is_there(name, slug)]


def _is_there(name: str, slug: str) -> bool:
    found = with_slug(slug, kind=Section, everything=True) if name == "section" else newest({name: slug}, 1)
    return bool(found)


def narrowed(articles: ArticleQuerySet, named: Mapping[str, str]) -> ArticleQuerySet:
    """Return those of these articles that are in a section, have a tag, or are by an author, by slug."""
    for name, slug in named.items():
        articles = articles.under(name, slug, key="slug")
    return articles


@Compiled
def _newest(*slugs: str, by: tuple[str, ...], size: int) -> ArticleQuerySet:
    articles = Article.objects.published().articles().with_frame()
    return narrowed(articles, dict(zip(by, slugs, strict=True))).newest_first()[:size]


_published = Compiled(lambda pk: Article.objects.published().with_frame().filter(pk=pk)[:1])


# Tuples: a model for each of these rows would take a third of a list's time.
@Compiled
def _authors(*ids: int) -> QuerySet[Any, Any]:
    return Byline.objects.filter(article__in=ids).values_list(
        "article", "author", "author__slug", "author__name", "role"
    )


@Compiled
def _tags(*ids: int) -> QuerySet[Any, Any]:
    tagged: QuerySet[Any] = Article.tags.through.objects.filter(article__in=ids)
    return tagged.order_by("tag__name", "tag").values_list("article", "tag", "tag__slug", "tag__name")


@Compiled
def _sources(*ids: int) -> QuerySet[Any, Any]:
    return SourceAttribution.objects.filter(article__in=ids).values_list("article", "name", "url", "kind")


@Compiled
def _corrections(*ids: int) -> QuerySet[Any, Any]:
    return Correction.objects.filter(article__in=ids).values_list("article", "pk", "at", "text")
