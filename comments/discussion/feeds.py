"""Feeds of comments: the whole site's, and one article's; each as RSS, Atom and JSON Feed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from articles import page_versions
from articles.current_site import current_site
from articles.formatting import plain, with_absolute_links
from articles.models.article import Article
from articles.models.querysets import ArticleQuerySet, as_readers_see
from articles.models.site import Site
from articles.page_versions import depends
from articles.surrogate_keys import COMMENTS, of_articles
from comments.models import Comment
from comments.models.querysets import CommentQuerySet
from comments.text.excerpts import excerpt
from newsreader.kit import feeds
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.depends import version_of
from newsreader.kit.http_cache import for_everybody
from newsreader.kit.kept import Kept
from newsreader.kit.web import absolute

SUMMARY = 300  # characters


@for_everybody
def site(request: HttpRequest, form: str = "") -> HttpResponse:
    paper = current_site(request)
    title = _("Comments · %s") % paper.name
    return _answer(request, form, paper, _newest(), title)


@for_everybody
def article(request: HttpRequest, year: str, month: str, day: str, slug: str, form: str = "") -> HttpResponse:
    paper = current_site(request)
    row = _article_at(year, month, day, slug)
    title = _("Comments on “%s”") % row.headline
    return _answer(request, form, paper, _newest_under(row.pk), title, row)


def _article_at(year: str, month: str, day: str, slug: str) -> Article:
    try:
        on = dt.date(int(year), int(month), int(day))
    except ValueError:
        raise Http404 from None
    return as_readers_see(_at.first(on, slug))


@Compiled
def _at(on: dt.date, slug: str) -> ArticleQuerySet:
    found = Article.objects.at(on, slug).ever_public()
    withdrawal = ("reason_is_public", "withdrawn_reason")
    return found.only("kind", "state", *withdrawal, "slug", "published_on", "headline", page_versions.COLUMN)[:1]


_newest = Compiled(lambda: _of(Comment.objects.public()))
_newest_under = Compiled(lambda article_id: _of(Comment.objects.approved().filter(article=article_id)))


def _of(comments: CommentQuerySet) -> CommentQuerySet:
    # Not the articles as rows of their own: to make fifty takes a millisecond.
    of_article = {"headline": F("article__headline"), "of_article": F("article__page_version")}
    rows = comments.only("article", "name", "html", "created_at", "edited_at").annotate(**of_article)
    return rows.newest()


def _answer(
    request: HttpRequest, form: str, paper: Site, rows: list[Any], title: str, under: Article | None = None
) -> HttpResponse:
    """Answer with a feed of these comments, of one article or of all."""
    channel = feeds.Channel(
        title=title,
        link=absolute(under.get_absolute_url() if under else "/"),
        description=title,
        language=settings.LANGUAGE_CODE,
        since=(under and under.published_on) or feeds.NEVER,
        entries=lambda: [entry(comment) for comment in rows],
    )
    # An article's page version also changes with its comments.
    shown = [(row.pk, row.of_article) for row in rows]
    versions = [paper.page_version, *shown]
    keys = [COMMENTS, *of_articles({row.article_id for row in rows})]
    updated = map(_updated, rows)
    made_of = depends(paper, [under]) if under else depends(paper, comments=version_of(shown))
    return feeds.answer(request, form, absolute(request.path), channel, versions, keys, updated, depends=made_of)


def _updated(comment: Comment) -> dt.datetime:
    return comment.edited_at or comment.created_at


def entry(comment: Any) -> feeds.FeedEntry:
    """Return an approved comment, with the `headline` of its article, as an entry of a feed."""
    params = {"name": comment.shown_name, "headline": comment.headline}
    return feeds.FeedEntry(
        link=absolute(comment.permanent_url),
        title=_("%(name)s on “%(headline)s”") % params,
        html=with_absolute_links(comment.html),
        summary=_summary(comment.html),
        published=comment.created_at,
        updated=_updated(comment),
        authors=(comment.shown_name,),
    )


# Summaries by the texts that they are of: to cut one by its visible characters takes 0.1 ms.
_summaries: Kept[str] = Kept(most=1024 * 1024)  # bytes


def _summary(html: str) -> str:
    found = _summaries.get(html)
    if found is None:
        found = excerpt(plain(html), SUMMARY)
        _summaries.put(html, found, len(html) + len(found))
    return found
