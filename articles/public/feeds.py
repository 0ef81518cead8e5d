"""Feeds of articles: of the site, a section, a tag or an author, each as RSS, Atom and JSON Feed."""

from __future__ import annotations

import datetime as dt
import mimetypes
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from articles.current_site import current_site
from articles.formatting import with_absolute_links
from articles.models.article import Article
from articles.models.pictures import Picture
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag
from articles.page_versions import depends, in_lists
from articles.public import listing
from articles.surrogate_keys import LISTS, of_articles
from newsreader.kit import feeds
from newsreader.kit.compiled_queries import Compiled, give
from newsreader.kit.http_cache import for_everybody
from newsreader.kit.web import absolute

ENTRIES = 20


@for_everybody
def site(request: HttpRequest, form: str = "") -> HttpResponse:
    return _answer(request, form, None)


def _of(shown: Callable[[], QuerySet[Any]]) -> Callable[..., HttpResponse]:
    with_slug = Compiled(lambda slug: shown().filter(slug=slug)[:1])

    @for_everybody
    def view(request: HttpRequest, slug: str, form: str = "") -> HttpResponse:
        current_site(request)  # Before what its version stands for.
        if subject := with_slug.first(slug):
            return _answer(request, form, subject)
        raise Http404

    return view


section = _of(Section.objects.all)
tag = _of(Tag.objects.shown)
author = _of(Author.objects.shown)


def _answer(request: HttpRequest, form: str, subject: Section | Tag | Author | None) -> HttpResponse:
    """Answer with a feed of the newest of a subject, or of all."""
    paper = current_site(request)
    rows = _newest(*([subject.pk] if subject else []), subject=type(subject) if subject else None)
    description = (
        getattr(subject, "description", "") or getattr(subject, "biography", "") or paper.tagline or paper.name
    )
    channel = feeds.Channel(
        title=f"{subject.name} · {paper.name}" if subject else paper.name,
        link=absolute(subject.get_absolute_url() if subject else "/"),
        description=description,
        language=settings.LANGUAGE_CODE,
        entries=lambda: [entry(article) for article in _with_tags(listing.with_bylines(rows))],
    )
    versions = [paper.page_version, *(in_lists(row, comments=False) for row in rows)]
    keys = [LISTS, *of_articles(row.pk for row in rows)]
    made_of, updated = depends(paper, lists=True), map(_updated, rows)
    return feeds.answer(request, form, absolute(request.path), channel, versions, keys, updated, depends=made_of)


@Compiled
def _newest(pk: Any = None, *, subject: type[Section | Tag | Author] | None) -> ArticleQuerySet:
    articles = Article.objects.published().articles()
    return listing.narrowed(articles, subject, pk).newest_first().with_frame()[:ENTRIES]


_tags = Compiled(
    lambda *ids: (
        Tag.articles.through.objects.filter(article__in=ids)
        .select_related("tag")
        .order_by(*(f"tag__{name}" for name in Tag._meta.ordering or ()))
    )
)


def _with_tags(articles: list[Article]) -> list[Article]:
    found: dict[int, list[Tag]] = {article.pk: [] for article in articles}
    for row in _tags(*found) if found else []:
        found[row.article_id].append(row.tag)
    for article in articles:
        give(article, tags=found[article.pk])
    return articles


def _updated(article: Article) -> dt.datetime:
    return max(article.updated_at, article.published_at or article.updated_at)


def entry(article: Article) -> feeds.FeedEntry:
    """Return an article as a feed entry, in full."""
    link = absolute(article.get_absolute_url())
    html = with_absolute_links(article.body)
    return feeds.FeedEntry(
        link=link,
        title=article.headline,
        html=html,
        summary=article.standfirst,
        published=article.published_at or article.created_at,
        updated=_updated(article),
        authors=tuple(byline.author.name for byline in article.bylines.all() if byline.role == "writer"),
        categories=tuple(row.name for row in (article.section, *article.tags.all()) if row),
        comments=f"{link}#comments",
        picture=_enclosure(article.lead_picture) if article.lead_picture else None,
    )


def _enclosure(picture: Picture) -> tuple[str, str]:
    kind, _ = mimetypes.guess_type(picture.file.name or "")
    return absolute(picture.file.url), kind or "image/jpeg"
