"""Sitemaps: an index, a sitemap for each month, one for everything else, and one for news.

Source: https://www.sitemaps.org/protocol.html and its news extension.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncMonth
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from articles.current_site import current_site
from articles.models.article import Article
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag
from articles.page_versions import depends
from articles.surrogate_keys import LISTS
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.depends import Depends
from newsreader.kit.feeds import writable
from newsreader.kit.http_cache import for_everybody, page_number, public, reading
from newsreader.kit.web import absolute

MOST = 50_000  # addresses in one sitemap, by the protocol
NEWS, RECENT = 1_000, dt.timedelta(days=2)


@for_everybody
def index(request: HttpRequest) -> HttpResponse:
    """List all sitemaps. Two queries, however many articles there are."""
    site = current_site(request)
    maps = [(absolute("/sitemaps/lists.xml"), "")]
    for month, changed_at, articles in _months():
        pages = range(1, -(-articles // MOST) + 1)
        maps += [(absolute(f"/sitemaps/{month:%Y-%m}.xml{_page(page)}"), _moment(changed_at)) for page in pages]
    return _map(request, "sitemaps/index.xml", maps, depends(site, lists=True), keys=[LISTS])


@Compiled
def _months() -> QuerySet[Any, tuple[dt.date, dt.datetime, int]]:
    months = Article.objects.published().articles().annotate(month=TruncMonth("published_on")).values("month")
    counted = months.annotate(changed_at=Max("updated_at"), articles=Count("pk")).order_by("-month")
    return counted.values_list("month", "changed_at", "articles")


def _page(number: int) -> str:
    return f"?page={number}" if number > 1 else ""


@reading("page")
def month(request: HttpRequest, year: str, month: str) -> HttpResponse:
    """List the articles first published in this month."""
    site, start = current_site(request), (page_number(request) - 1) * MOST
    try:
        first = dt.date(int(year), int(month), 1)
    except ValueError:
        raise Http404 from None
    last = first.replace(day=monthrange(first.year, first.month)[1])
    rows = _within(first, last) if start == 0 else _within.build(first, last, start=start)
    pages = [(absolute(row.get_absolute_url()), _moment(row.updated_at)) for row in rows]
    if not pages:
        raise Http404
    return _map(request, "sitemaps/map.xml", pages, depends(site, lists=True), keys=[LISTS])


@Compiled
def _within(first: dt.date, last: dt.date, *, start: int = 0) -> ArticleQuerySet:
    found = Article.objects.published().articles().filter(published_on__range=(first, last))
    return _addresses(found).order_by("-published_at", "-pk")[start : start + MOST]


def _addresses(articles: ArticleQuerySet) -> ArticleQuerySet:
    return articles.only("pk", "kind", "slug", "published_on", "updated_at")


@for_everybody
def lists(request: HttpRequest) -> HttpResponse:
    """List the front page, sections, pages, tags and authors."""
    site = current_site(request)
    pages: list[tuple[str, str]] = [(absolute("/"), "")]
    pages += [(absolute(row.get_absolute_url()), "") for row in _sections()]
    pages += [(absolute(row.get_absolute_url()), _moment(row.updated_at)) for row in _standing()]
    for model in (Author, Tag):
        pages += [(absolute(row.get_absolute_url()), "") for row in _named(model=model)]
    return _map(request, "sitemaps/map.xml", pages, depends(site, lists=True), keys=[LISTS])


_sections = Compiled(lambda: Section.objects.only("slug"))
_named: Compiled[Any] = Compiled(lambda *, model: model.objects.shown().only("slug").order_by("pk")[: MOST // 3])


@Compiled
def _standing() -> ArticleQuerySet:
    return _addresses(Article.objects.published().filter(kind=Article.Kind.PAGE)).order_by("pk")


@for_everybody
def news(request: HttpRequest) -> HttpResponse:
    """List the articles of the last two days, or the newest one, since a map without addresses is invalid.

    404 before anything is published.
    """
    site, since = current_site(request), timezone.now() - RECENT
    rows = _newest(since, most=NEWS) or _newest(most=1)
    if not rows:
        raise Http404
    pages = [
        {
            "url": absolute(row.get_absolute_url()),
            "language": _language(row.language or settings.LANGUAGE_CODE),
            "published_at": _moment(row.published_at),
            "headline": writable(row.headline),
        }
        for row in rows
    ]
    published = [row.published_at for row in rows if row.published_at and row.published_at >= since]
    until = min(published) + RECENT if published else None
    made_of = depends(site, lists=True, until=until)  # It also changes as days go by, so no CDN keeps it longer.
    return _map(request, "sitemaps/news.xml", pages, made_of, keys=[], name=writable(site.name))


@Compiled
def _newest(*since: dt.datetime, most: int) -> ArticleQuerySet:
    newest = Article.objects.published().articles().newest_first()
    newest = newest.filter(published_at__gte=since[0]) if since else newest
    return newest.only("kind", "slug", "published_on", "published_at", "headline", "language")[:most]


def _moment(at: dt.datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def _language(code: str) -> str:
    """Return a language code as the news extension wants it: without a country, except for Chinese."""
    code = code.lower()
    return code if code in {"zh-cn", "zh-tw"} else code.split("-")[0]


def _map(
    request: HttpRequest, template: str, pages: Any, made_of: Depends, *, keys: Iterable[str], name: str = ""
) -> HttpResponse:
    """Answer with a map. Its ETag is made from what it lists."""

    def build() -> HttpResponse:
        return render(request, template, {"pages": pages, "name": name}, content_type="application/xml; charset=utf-8")

    return public(request, [name, repr(pages)], build, keys=keys, depends=made_of)
