"""The front page, and lists of articles by section, tag or author.

The same for all readers; ETags come from the versions of what they show.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render

from articles.current_site import current_site
from articles.models.article import Article
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag
from articles.public import front, old_addresses, structured_data
from articles.surrogate_keys import LISTS, of_articles
from newsreader.kit.http_cache import for_everybody, page_number, public


@for_everybody
def front_page(request: HttpRequest) -> HttpResponse:
    """Show the front page; its further pages are a list of all articles."""
    if old_addresses.is_asked(request) and (target := old_addresses.target(request)):
        return HttpResponsePermanentRedirect(target)
    if page_number(request) > 1:
        return list_page(request, Article.objects.all(), None, "articles/front.html")
    site = current_site(request)
    shown = front.arrange(site)
    numbers = {"number": 1, "earlier": 0, "later": 2 if shown.more else 0}
    context = {"front": shown, "page": numbers}

    def build() -> HttpResponse:
        return render(
            request,
            "articles/front.html",
            context | {"structured_data": structured_data.as_script(structured_data.website(site))},
        )

    versions = [site.page_version, shown.more, *((row.pk, row.page_version) for row in shown.articles())]
    keys = [LISTS, *of_articles(row.pk for row in shown.articles())]
    return public(request, versions, build, keys=keys)


def list_page(request: HttpRequest, articles: ArticleQuerySet, subject: Model | None, template: str) -> HttpResponse:
    """Answer with one page of published articles, newest first; 404 past the last. Five queries."""
    site, number = current_site(request), page_number(request)
    size = site.articles_per_page
    start = (number - 1) * size
    rows = list(articles.published().articles().newest_first().for_list()[start : start + size + 1])
    if not rows and number > 1:
        raise Http404
    shown, more = rows[:size], len(rows) > size
    versions = [site.page_version, number, more, *((row.pk, row.page_version) for row in shown)]

    def build() -> HttpResponse:
        numbers = {"number": number, "earlier": number - 1, "later": number + 1 if more else 0}
        return render(request, template, {"articles": shown, "subject": subject, "page": numbers})

    return public(request, versions, build, keys=[LISTS, *of_articles(row.pk for row in shown)])


def _of(
    shown: Callable[[], QuerySet[Any]], narrow: Callable[[Any], ArticleQuerySet], template: str
) -> Callable[..., HttpResponse]:
    @for_everybody
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        subject = get_object_or_404(shown(), slug=slug)
        return list_page(request, narrow(subject), subject, template)

    return view


section = _of(Section.objects.all, lambda row: Article.objects.filter(section=row), "articles/section.html")
tag = _of(Tag.objects.shown, lambda row: Article.objects.filter(tags=row), "articles/tag.html")
author = _of(Author.objects.shown, lambda row: Article.objects.by_author(row), "articles/author.html")
