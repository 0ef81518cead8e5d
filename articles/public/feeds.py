"""Feeds of articles: of the site, a section, a tag or an author, each as RSS, Atom and JSON Feed."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from articles.formatting import with_absolute_links
from articles.models.article import Article
from articles.models.pictures import Picture
from articles.models.querysets import ArticleQuerySet
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from articles.surrogate_keys import LISTS, of_articles
from newsreader.kit import feeds
from newsreader.kit.http_cache import for_everybody
from newsreader.kit.web import absolute

ENTRIES = 20


@for_everybody
def site(request: HttpRequest, form: str = "") -> HttpResponse:
    return _answer(request, form, Article.objects.all(), None, "/")


def _of(shown: Callable[[], QuerySet[Any]], narrow: Callable[[Any], ArticleQuerySet]) -> Callable[..., HttpResponse]:
    @for_everybody
    def view(request: HttpRequest, slug: str, form: str = "") -> HttpResponse:
        subject = get_object_or_404(shown(), slug=slug)
        return _answer(request, form, narrow(subject), subject, subject.get_absolute_url())

    return view


section = _of(Section.objects.all, lambda row: Article.objects.filter(section=row))
tag = _of(Tag.objects.shown, lambda row: Article.objects.filter(tags=row))
author = _of(Author.objects.shown, lambda row: Article.objects.by_author(row))


def _answer(request: HttpRequest, form: str, articles: ArticleQuerySet, subject: Any, page: str) -> HttpResponse:
    """Answer with a feed of the newest; five queries."""
    paper = Site.objects.current()
    rows = list(
        articles.published()
        .articles()
        .newest_first()
        .with_frame()
        .prefetch_related("bylines__author", "tags")[:ENTRIES]
    )
    description = (
        getattr(subject, "description", "") or getattr(subject, "biography", "") or paper.tagline or paper.name
    )
    channel = feeds.Channel(
        title=f"{subject.name} · {paper.name}" if subject else paper.name,
        link=absolute(page),
        description=description,
        language=settings.LANGUAGE_CODE,
        entries=[entry(article) for article in rows],
    )
    versions = [paper.page_version, *((row.pk, row.page_version) for row in rows)]
    keys = [LISTS, *of_articles(row.pk for row in rows)]
    return feeds.answer(request, form, absolute(request.path), channel, versions, keys)


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
        updated=max(article.updated_at, article.published_at or article.updated_at),
        authors=[byline.author.name for byline in article.bylines.all() if byline.role == "writer"],
        categories=[row.name for row in (article.section, *article.tags.all()) if row],
        comments=f"{link}#comments",
        picture=_enclosure(article.lead_picture) if article.lead_picture else None,
    )


def _enclosure(picture: Picture) -> tuple[str, str]:
    kind, _ = mimetypes.guess_type(picture.file.name or "")
    return absolute(picture.file.url), kind or "image/jpeg"
