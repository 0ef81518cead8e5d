"""The page of a thread: a frame that is kept in memory, and the comments in it. `newsreader.article_page` says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string

from articles import page_versions
from articles.current_site import current_site
from articles.models.article import Article
from articles.surrogate_keys import of_articles
from comments.discussion import markup, threads
from comments.models import Comment, CommentSettings
from comments.models.querysets import CommentQuerySet
from comments.posting.reply_form import form_context
from comments.screening import article_settings
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.frames import Frames
from newsreader.kit.http_cache import public
from newsreader.kit.kept import columns

_frames = Frames(most=4 * 1024 * 1024)  # bytes


@Compiled
def _top(comment_id: int) -> CommentQuerySet:
    unread = ("body", "search_terms", "article__body", "root__body", "root__html", "root__search_terms")
    found = Comment.objects.filter(pk=comment_id, article__state=Article.State.PUBLISHED)
    return found.select_related("article__discussion", "root").defer(*unread)[:1]


def answer(request: HttpRequest, comment_id: int, number: int) -> HttpResponse:
    """Answer with one page of a comment and all its replies. Raises Http404 where there is none."""
    top = _top.first(comment_id)
    if top is None or not threads.stands(top):
        raise Http404
    article, site, rules = top.article, current_site(request), CommentSettings.objects.current()
    in_force = article_settings.settings_under(article, rules)
    is_open = article.comments_open(in_force.close_after_days)

    def build() -> HttpResponse:
        try:
            page = threads.thread(top, rules, number)
        except threads.NoSuchPage:
            raise Http404 from None
        context = form_context(None, article, rules) | {"page": page, "top": top}
        values = {"thread": markup.thread(page, context["reply_url"] if context["open"] else "")}

        def frame(marks: Mapping[str, str]) -> str:
            return render_to_string("comments/thread.html", {**context, **marks}, request)

        shown = [page.pages, is_open, columns(site), columns(rules), top.status, top.shown_name]
        return HttpResponse(_frames.fill(_key(request, article, number, shown), values, frame))

    versions = [site.page_version, article.pk, article.page_version, number, is_open]
    until = article.closes_at(in_force.close_after_days) if is_open else None
    made_of = page_versions.depends(site, [article], until=until)
    return public(request, versions, build, keys=of_articles([article.pk]), depends=made_of)


def _key(request: HttpRequest, article: Article, number: int, shown: list[Any]) -> str:
    """Return everything that the frame shows, as a key."""
    ways = [(way.name, way.label) for way in settings.SIGN_IN_WITH]
    of_article = [columns(article, page_versions.OF_COMMENTS), columns(article_settings.settings_of(article))]
    return repr((settings.SITE_URL, request.path, ways, number, shown, of_article))
