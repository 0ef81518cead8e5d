"""Rows of articles for REST, by statements that are compiled once: the ORM takes ten times as long to write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.db.models import CharField, F, QuerySet, Value
from django.utils.module_loading import import_string

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
    """Return the lists of each of these articles, by its id. One query; another where one was corrected."""
    found = {article.pk: Lists([], [], [], []) for article in articles}
    for what, article, pk, name, slug, role, *_ in _lists(*found) if found else ():
        lists = found[article]
        if what == _SOURCES:
            lists.sources.append(Source(name, slug, role))
        else:
            (lists.authors if what == _AUTHORS else lists.tags).append(Named(pk, slug, name, role))
    if corrected := [article.pk for article in articles if article.corrected_at]:
        for article, *values in _corrections(*corrected):
            found[article].corrections.append(Corrected(*values))
    return found


def closing_days(pk: int) -> int:
    """Return after how many days an article's discussion closes; 0: never. One query. Lists read it with their rows."""
    found = _closing_days.first(pk)
    return found[0] if found else 0


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


def listed(named: Mapping[str, str]) -> ArticleQuerySet:
    """Return published articles, of those in a section, with a tag or by an author, by slug, as lists show them.

    `close_after_days` says after how many days the discussion of each closes.
    """
    articles = Article.objects.published().articles().with_frame().only(*_SHOWN)
    for name, slug in named.items():
        articles = articles.under(name, slug, key="slug")
    return articles.annotate(close_after_days=_days())


# What a list shows of an article and its section: with all columns it cost a tenth more.
_SHOWN = (
    "kind", "headline", "slug", "standfirst", "body", "section", "lead_picture", "state", "published_at",
    "published_on", "updated_at", "corrected_at", "takes_comments", "comments_close_at", "comment_count", "version",
    "section__name", "section__slug", "section__description",
)  # fmt: skip


@Compiled
def _newest(*slugs: str, by: tuple[str, ...], size: int) -> ArticleQuerySet:
    return listed(dict(zip(by, slugs, strict=True))).newest_first()[:size]


def _days() -> Any:
    return import_string(settings.CLOSE_COMMENTS_AFTER_DAYS)()


_published = Compiled(lambda pk: Article.objects.published().with_frame().filter(pk=pk)[:1])
_closing_days = Compiled(lambda pk: Article.objects.filter(pk=pk).values_list(_days()))

# Tuples: a model for each of these rows would take a third of a list's time. In one statement: with three,
# and another for the days after which discussions close, a list cost a twentieth more on SQLite, a sixth on PostgreSQL.
_AUTHORS, _TAGS, _SOURCES = range(3)


@Compiled
def _lists(*ids: int) -> QuerySet[Any, Any]:
    """Authors, tags and sources: which, of what article, its id, its name, its slug or address, its role."""
    none, nothing = Value("", CharField()), Value(0)
    author = (F("author"), F("author__name"), F("author__slug"), F("role"))
    tag = (F("tag"), F("tag__name"), F("tag__slug"), none)
    authors = _part(Byline, _AUTHORS, ids, author, order=(F("position"), none, F("pk")))
    tags = _part(Article.tags.through, _TAGS, ids, tag, order=(nothing, F("tag__name"), F("tag")))
    source = (nothing, F("name"), F("url"), F("kind"))
    sources = _part(SourceAttribution, _SOURCES, ids, source, order=(F("position"), none, F("pk")))
    return authors.union(tags, sources, all=True).order_by("what", "order_1", "order_2", "order_3")


def _part(kind: Any, what: int, ids: Collection[int], shown: Any, *, order: Any) -> QuerySet[Any, Any]:
    rows = kind.objects.filter(article__in=ids).order_by()
    ordered = {f"order_{number}": column for number, column in enumerate(order, 1)}
    return rows.annotate(what=Value(what), **ordered).values_list("what", "article", *shown, *ordered)


@Compiled
def _corrections(*ids: int) -> QuerySet[Any, Any]:
    return Correction.objects.filter(article__in=ids).values_list("article", "pk", "at", "text")
