"""Sitemaps: an index, a sitemap for each month, one for everything else, and one for news.

Source: https://www.sitemaps.org/protocol.html and its news extension.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Hashable, Iterable
from typing import Any

from django.conf import settings
from django.db.models import Count, Max
from django.db.models.functions import TruncMonth
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from articles.models.article import Article
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from articles.surrogate_keys import LISTS
from newsreader.kit.feeds import writable
from newsreader.kit.http_cache import for_everybody, page_number, public
from newsreader.kit.web import absolute

MOST = 50_000  # addresses in one sitemap, by the protocol
NEWS, RECENT = 1_000, dt.timedelta(days=2)


@for_everybody
def index(request: HttpRequest) -> HttpResponse:
    """List all sitemaps. Two queries, however many articles there are."""
    months = (
        Article.objects.published()
        .articles()
        .annotate(month=TruncMonth("published_on"))
        .values("month")
        .annotate(changed_at=Max("updated_at"), articles=Count("pk"))
        .order_by("-month")
    )
    maps = [(absolute("/sitemaps/lists.xml"), "")]
    for row in months:
        pages = range(1, -(-row["articles"] // MOST) + 1)
        maps += [
            (absolute(f"/sitemaps/{row['month']:%Y-%m}.xml{_page(page)}"), _moment(row["changed_at"])) for page in pages
        ]
    return _map(request, "sitemaps/index.xml", maps)


def _page(number: int) -> str:
    return f"?page={number}" if number > 1 else ""


@for_everybody
def month(request: HttpRequest, year: str, month: str) -> HttpResponse:
    """List the articles first published in this month."""
    start = (page_number(request) - 1) * MOST
    try:
        first = dt.date(int(year), int(month), 1)
    except ValueError:
        raise Http404 from None
    last = first.replace(day=monthrange(first.year, first.month)[1])
    found = Article.objects.published().articles().filter(published_on__range=(first, last))
    rows = found.only("pk", "kind", "slug", "published_on", "updated_at").order_by("-published_at", "-pk")
    pages = [(absolute(row.get_absolute_url()), _moment(row.updated_at)) for row in rows[start : start + MOST]]
    if not pages:
        raise Http404
    return _map(request, "sitemaps/map.xml", pages)


@for_everybody
def lists(request: HttpRequest) -> HttpResponse:
    """List the front page, sections, pages, tags and authors."""
    pages: list[tuple[str, str]] = [(absolute("/"), "")]
    pages += [(absolute(row.get_absolute_url()), "") for row in Section.objects.all()]
    standing = Article.objects.published().filter(kind=Article.Kind.PAGE).order_by("pk")
    pages += [(absolute(row.get_absolute_url()), _moment(row.updated_at)) for row in standing]
    for named in (Author.objects.shown(), Tag.objects.shown()):
        pages += [(absolute(row.get_absolute_url()), "") for row in named.order_by("pk")[: MOST // 3]]
    return _map(request, "sitemaps/map.xml", pages)


@for_everybody
def news(request: HttpRequest) -> HttpResponse:
    """List the articles of the last two days, or the newest one, since a map without addresses is invalid.

    404 before anything is published.
    """
    site, since = Site.objects.current(), timezone.now() - RECENT
    newest = Article.objects.published().articles().newest_first().defer("body")
    rows = list(newest.filter(published_at__gte=since)[:NEWS]) or list(newest[:1])
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
    versions = [site.page_version, *((row.pk, row.page_version) for row in rows)]
    return _map(request, "sitemaps/news.xml", pages, versions, name=writable(site.name))


def _moment(at: dt.datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def _language(code: str) -> str:
    """Return a language code as the news extension wants it: without a country, except for Chinese."""
    code = code.lower()
    return code if code in {"zh-cn", "zh-tw"} else code.split("-")[0]


def _map(
    request: HttpRequest, template: str, pages: Any, versions: Iterable[Hashable] | None = None, **context: Any
) -> HttpResponse:
    def build() -> HttpResponse:
        return render(request, template, {"pages": pages, **context}, content_type="application/xml; charset=utf-8")

    # That of news also changes as days go by.
    keys = [LISTS] if versions is None else []
    return public(request, pages if versions is None else versions, build, keys=keys)
