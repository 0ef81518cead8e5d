"""Feeds of comments: the whole site's, and one article's; each as RSS, Atom and JSON Feed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from articles.formatting import plain, with_absolute_links
from articles.models.article import Article
from articles.models.site import Site
from articles.surrogate_keys import COMMENTS, of_articles
from comments.discussion.markup import excerpt
from comments.models import Comment
from comments.models.querysets import CommentQuerySet
from newsreader.kit import feeds
from newsreader.kit.http_cache import for_everybody
from newsreader.kit.web import absolute

ENTRIES = 50
SUMMARY = 300  # characters


@for_everybody
def site(request: HttpRequest, form: str = "") -> HttpResponse:
    paper = Site.objects.current()
    title = _("Comments · %s") % paper.name
    return _answer(request, form, paper, Comment.objects.public(), title, "/")


@for_everybody
def article(request: HttpRequest, year: str, month: str, day: str, slug: str, form: str = "") -> HttpResponse:
    paper = Site.objects.current()
    row = Article.objects.at_address(int(year), int(month), int(day), slug).for_reader()
    title = _("Comments on “%s”") % row.headline
    return _answer(request, form, paper, row.comments.approved(), title, row.get_absolute_url())


def _answer(
    request: HttpRequest, form: str, paper: Site, comments: CommentQuerySet, title: str, page: str
) -> HttpResponse:
    """Answer with a feed of the newest of these comments. Two queries."""
    rows = list(comments.select_related("article").order_by("-created_at", "-pk")[:ENTRIES])
    channel = feeds.Channel(
        title=title,
        link=absolute(page),
        description=title,
        language=settings.LANGUAGE_CODE,
        entries=[entry(comment) for comment in rows],
    )
    # An article's page version also changes with its comments.
    versions = [paper.page_version, *((row.pk, row.article.page_version) for row in rows)]
    keys = [COMMENTS, *of_articles({row.article_id for row in rows})]
    return feeds.answer(request, form, absolute(request.path), channel, versions, keys)


def entry(comment: Comment) -> feeds.FeedEntry:
    """Return an approved comment as an entry of a feed, with its permanent address."""
    params = {"name": comment.shown_name, "headline": comment.article.headline}
    return feeds.FeedEntry(
        link=absolute(comment.permanent_url),
        title=_("%(name)s on “%(headline)s”") % params,
        html=with_absolute_links(comment.html),
        summary=excerpt(plain(comment.html), SUMMARY),
        published=comment.created_at,
        updated=comment.edited_at or comment.created_at,
        authors=[comment.shown_name],
    )
