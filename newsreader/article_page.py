"""An article's page: the frame around its comments, kept in memory as long as what it shows is the same, and these.

A new comment makes the page anew. Nothing else on it has changed then, and to write it again takes six times as long
as the comments (18 ms to 3). What the frame shows is read each time, in few statements, and is the key that it is kept
under: so it cannot be out of date, whoever has changed what.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from articles import page_versions, pictures
from articles.current_site import current_site
from articles.formatting import reading_time
from articles.models.article import Article, Byline, Correction, SourceAttribution
from articles.models.querysets import ArticleQuerySet, as_readers_see
from articles.models.taxonomy import Tag
from articles.public import structured_data
from articles.surrogate_keys import of_articles
from comments.discussion import markup, threads
from comments.discussion.structured_data import comments_of
from comments.models import CommentSettings
from comments.posting.reply_form import form_context
from comments.screening import article_settings
from newsreader.kit.compiled_queries import Compiled, give
from newsreader.kit.http_cache import page_number, public
from newsreader.kit.kept import Kept, columns

RELATED = 3  # related articles under an article


@Compiled
def _article_at(on: dt.date, slug: str) -> ArticleQuerySet:
    return Article.objects.at(on, slug).ever_public().with_frame().select_related("discussion")[:1]


@Compiled
def _page_at(slug: str) -> ArticleQuerySet:
    found = Article.objects.filter(kind=Article.Kind.PAGE, slug=slug)
    return found.ever_public().with_frame().select_related("discussion")[:1]


_bylines = Compiled(lambda article_id: Byline.objects.filter(article=article_id).select_related("author"))
_tags = Compiled(lambda article_id: Tag.objects.filter(articles=article_id))
_sources = Compiled(lambda article_id: SourceAttribution.objects.filter(article=article_id))
_corrections = Compiled(lambda article_id: Correction.objects.filter(article=article_id))


@Compiled
def _related(article_id: int, section_id: int) -> ArticleQuerySet:
    columns = ("kind", "headline", "slug", "published_on", "published_at", "lead_picture")
    return Article.objects.related_to(article_id, section_id).only(*columns)[:RELATED]


def article_at(year: str, month: str, day: str, slug: str) -> Article:
    """Return the article at this address with its frame's rows. Raises Http404 or Withdrawn."""
    try:
        on = dt.date(int(year), int(month), int(day))
    except ValueError:
        raise Http404 from None
    return as_readers_see(_article_at.first(on, slug))


def page_at(slug: str) -> Article:
    """Return the page, such as an imprint, at this address. Raises Http404 or Withdrawn."""
    return as_readers_see(_page_at.first(slug))


def answer(request: HttpRequest, article: Article) -> HttpResponse:
    """Answer with a page of an article that readers see. Raises Http404 for a page number beyond its comments."""
    shown = _Shown(request, article, page_number(request), _order(request))
    versions = [shown.site.page_version, article.pk, article.page_version, shown.number, shown.is_open, shown.order]
    keys = of_articles([article.pk, *(row.pk for row in shown.related)])
    until = shown.closes_at if shown.is_open else None
    depends = page_versions.depends(shown.site, [article], lists=bool(article.section_id), until=until)
    return public(request, [*versions, repr(shown.related_values)], shown.response, keys=keys, depends=depends)


def _order(request: HttpRequest) -> str:
    """Return `?sort=`, the order of comments that a reader wants; empty: the site's. Raises Http404 for any other."""
    wanted = request.GET.get("sort", "")
    if wanted and wanted not in CommentSettings.Order.values:
        raise Http404
    return wanted


def preview(request: HttpRequest, article: Article) -> HttpResponse:
    """Return the page of an article as it would be, without the form."""
    return _Shown(request, article, 1).preview()


def unsaved(
    request: HttpRequest,
    article: Article,
    *,
    bylines: Sequence[Byline],
    tags: Sequence[Tag],
    sources: Sequence[SourceAttribution],
) -> HttpResponse:
    """Return the page of an article as it stands in its form, stored or not, without its discussion."""
    give(article, bylines=bylines, tags=tags, sources=sources)
    context = {
        "article": article,
        "preview": True,
        "unsaved": True,
        "counted": _counted(article.comment_count),
        "minutes": reading_time(article.body),
        "text": pictures.in_text(article.body),
    }
    return render(request, "articles/detail.html", context)


def _counted(comments: int) -> str:
    return ngettext("%(n)s comment", "%(n)s comments", comments) % {"n": comments}


@dataclass(frozen=True)
class _Discussion:
    """What of a page changes with its comments: their number in words, their list, and both for search engines."""

    counted: str
    thread: str  # HTML
    count: int | str
    comments: str  # JSON

    @classmethod
    def of(cls, article: Article, page: threads.Page, reply_url: str, switch: SafeString | str = "") -> _Discussion:
        count = article.comment_count
        thread = switch + markup.picks(page) + markup.thread(page, reply_url)
        return cls(_counted(count), thread, count, comments_of(page))


# Marks in a frame, where the parts of the discussion belong. Nobody who writes articles can guess them.
_SECRET = secrets.token_hex(8)
_MARKS = _Discussion(*(f"@{_SECRET}-{name}@" for name in ("counted", "thread", "count", "comments")))
_MARK = re.compile(rf'"@{_SECRET}-(count|comments)@"|@{_SECRET}-(counted|thread)@')  # In JSON a mark has quotes.

_frames: Kept[list[str]] = Kept(most=16 * 1024 * 1024)  # bytes


class _Shown:
    """One page of an article, and everything that is on it."""

    def __init__(self, request: HttpRequest, article: Article, number: int, order: str = ""):
        self.request, self.article, self.number, self.order = request, article, number, order
        self.site, self.rules = current_site(request), CommentSettings.objects.current()
        self.usual_order = self.rules.order
        if order:
            self.rules = copy(self.rules)
            self.rules.order = order
        in_force = article_settings.settings_under(article, self.rules)
        self.closes_at = article.closes_at(in_force.close_after_days)
        self.is_open = article.comments_open(in_force.close_after_days)
        related = _related(article.pk, article.section_id) if article.section_id else []
        self.related = sorted(related, key=lambda row: row.lead_picture_id is None)
        self.corrections = _corrections(article.pk) if article.corrected_at else []

    @cached_property
    def related_values(self) -> list[Any]:
        return [[columns(row, {"shared"}), columns(row.lead_picture)] for row in self.related]

    def response(self) -> HttpResponse:
        article = self.article
        self.bylines, self.tags, self.sources = _bylines(article.pk), _tags(article.pk), _sources(article.pk)
        page = self._page()
        key = self._key(page)
        frame = None if settings.DEBUG else _frames.get(key)
        if frame is None:
            frame = self._frame(page)
            _frames.put(key, frame, sum(map(len, frame)))
        return HttpResponse(_filled(frame, _Discussion.of(article, page, self._reply_url(), self._switch())))

    def preview(self) -> HttpResponse:
        article, page = self.article, self._page()
        self.bylines, self.tags, self.sources = _bylines(article.pk), _tags(article.pk), _sources(article.pk)
        self.is_open, self.related = False, []
        return HttpResponse(_filled(self._frame(page, preview=True), _Discussion.of(article, page, "")))

    def _switch(self) -> SafeString | str:
        """Return the link to the page with its comments in the other order; nothing where there is no order."""
        if self.article.root_count < 2:
            return ""
        other = next(order for order in CommentSettings.Order if order != self.rules.order)
        query = "" if other == self.usual_order else f"?sort={other.value}"
        return markup.sort_link(f"{self.article.get_absolute_url()}{query}#comments", str(other.label).capitalize())

    def _page(self) -> threads.Page:
        try:
            return threads.discussion(self.article, self.rules, self.number)
        except threads.NoSuchPage:
            raise Http404 from None

    def _reply_url(self) -> str:
        return reverse("reply", args=[self.article.pk]) if self.is_open else ""

    @cached_property
    def text(self) -> SafeString:
        return pictures.in_text(self.article.body)

    def _key(self, page: threads.Page) -> bytes:
        article = self.article
        values = [
            (settings.SITE_URL, self.request.path, [(way.name, way.label) for way in settings.SIGN_IN_WITH]),
            (self.number, page.pages, bool(page.branches), bool(article.comment_count), self.is_open),
            self.usual_order,
            columns(self.site),
            columns(self.rules),
            columns(article, page_versions.OF_COMMENTS),
            columns(article_settings.settings_of(article)),
            columns(article.section),
            columns(article.lead_picture),
            [[columns(row), columns(row.author)] for row in self.bylines],
            [columns(row) for row in (*self.tags, *self.sources, *self.corrections)],
            self.related_values,
            self.text if "<img" in article.body else "",  # It shows pictures, each with its own row.
        ]
        return hashlib.sha256(repr(values).encode()).digest()

    def _frame(self, page: threads.Page, **more: Any) -> list[str]:
        """Render the page with marks where its discussion belongs, and return its parts: see `_filled`."""
        article = self.article
        give(article, bylines=self.bylines, tags=self.tags, sources=self.sources, corrections=self.corrections)
        facts = [
            structured_data.news_article(article, self.site, _MARKS.count, _MARKS.comments if page.branches else []),
            structured_data.path_to(article, article.section, self.site),
        ]
        context = form_context(None, article, self.rules) | {
            "page": page,
            "counted": _MARKS.counted,
            "thread": _MARKS.thread,
            "structured_data": structured_data.as_script(facts),
            "card": structured_data.card(article, self.site),
            "related": self.related,
            "minutes": reading_time(article.body),
            "text": self.text,
            "sorted": f"sort={self.rules.order}" if self.rules.order != self.usual_order else "",
        }
        html = render(self.request, "articles/detail.html", context | more).content.decode()
        return [part for part in _MARK.split(html) if part is not None]


def _filled(frame: Sequence[str], discussion: _Discussion) -> str:
    """Put a discussion between the parts of a frame. Every second part is the name of a mark."""
    values = {
        "counted": conditional_escape(discussion.counted),
        "thread": discussion.thread,
        "count": str(discussion.count),
        "comments": discussion.comments,
    }
    return "".join(values[part] if place % 2 else part for place, part in enumerate(frame))
