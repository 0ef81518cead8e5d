"""The front page, and lists of articles by section, tag or author.

The same for all readers; ETags come from the versions of what they show.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from articles.current_site import current_site
from articles.models.taxonomy import Author, Section, Tag
from articles.page_versions import depends, in_lists
from articles.public import front, listing, old_addresses, structured_data, teasers
from articles.public.page_frames import framed
from articles.surrogate_keys import LISTS, of_articles
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.http_cache import page_number, public, reading
from newsreader.kit.kept import values


@reading("page", *old_addresses.NAMES)
def front_page(request: HttpRequest) -> HttpResponse:
    """Show the front page; its further pages are a list of all articles."""
    if old_addresses.is_asked(request) and (target := old_addresses.target(request)):
        return HttpResponsePermanentRedirect(target)
    if page_number(request) > 1:
        return list_page(request, None, "articles/front.html")
    site = current_site(request)
    shown = front.arrange(site)

    def context(marks: Mapping[str, str]) -> dict[str, Any]:
        numbers = {"number": 1, "earlier": 0, "later": 2 if shown.more else 0}
        blocks = [(block.section, marks[f"block-{block.section.pk}"]) for block in shown.blocks]
        facts = structured_data.as_script(structured_data.website(site))
        return {**marks, "blocks": blocks, "page": numbers, "structured_data": facts}

    def build() -> HttpResponse:
        sections = [(block.section.pk, block.section.slug, block.section.name) for block in shown.blocks]
        parts = (shown.more, *sections)
        return HttpResponse(framed(request, "articles/front.html", front.written(shown), parts, context))

    rows = list(shown.articles())
    keys = [LISTS, *of_articles(row.pk for row in rows)]
    # What is no address of an imported site may be one after the next import.
    made_of = None if old_addresses.is_asked(request) else depends(site, rows, lists=True)
    return public(request, [site.page_version, shown.more, *map(in_lists, rows)], build, keys=keys, depends=made_of)


def list_page(request: HttpRequest, subject: Section | Tag | Author | None, template: str) -> HttpResponse:
    """Answer with one page of the published articles of a subject, newest first; 404 past the last. Five queries."""
    site, number = current_site(request), page_number(request)
    size = site.articles_per_page
    start = (number - 1) * size
    rows = listing.newest(subject, start, size + 1)
    if not rows and number > 1:
        raise Http404
    shown, more = rows[:size], len(rows) > size
    versions = [site.page_version, number, more, *map(in_lists, shown)]
    keys = [LISTS, *of_articles(row.pk for row in shown)]

    def build() -> HttpResponse:
        numbers = {"number": number, "earlier": number - 1, "later": number + 1 if more else 0}
        river = teasers.river(shown, subject=subject)
        of_page = (type(subject), *values(subject), number, more)
        given = {"subject": subject, "page": numbers}
        return HttpResponse(framed(request, template, {"river": river}, of_page, lambda marks: {**marks, **given}))

    return public(request, versions, build, keys=keys, depends=depends(site, shown, lists=True))


def _of(shown: Callable[[], QuerySet[Any]], template: str) -> Callable[..., HttpResponse]:
    with_slug = Compiled(lambda slug: shown().filter(slug=slug))

    @reading("page")
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        if subject := with_slug.first(slug):
            return list_page(request, subject, template)
        raise Http404

    return view


section = _of(Section.objects.all, "articles/section.html")
tag = _of(Tag.objects.shown, "articles/tag.html")
author = _of(Author.objects.shown, "articles/author.html")
