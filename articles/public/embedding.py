"""oEmbed: an article shown on other sites, `/oembed/?url=`. Source: https://oembed.com"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from articles.models.article import Article
from articles.models.site import Site
from articles.page_versions import depends, in_lists
from articles.public import structured_data
from newsreader.kit.feeds import writable
from newsreader.kit.http_cache import public, reading
from newsreader.kit.web import absolute

WIDTH, HEIGHT, ANY = 600, 220, 100_000  # pixels; any picture is smaller than the last


@reading("url", "format", "maxwidth", "maxheight")
def oembed(request: HttpRequest) -> HttpResponse:
    """Answer how the article at `url` is embedded; 404 where there is none.

    400 for another format than JSON or XML. The standard says 501, but nothing is wrong with the server.
    """
    form = request.GET.get("format", "json")
    if form not in {"json", "xml"}:
        return HttpResponse("JSON or XML.", status=400, content_type="text/plain; charset=utf-8")
    site, article = Site.objects.current(), _article(request.GET.get("url", ""))
    width, height = _most(request, "maxwidth"), _most(request, "maxheight")

    def build() -> HttpResponse:
        url = absolute(article.get_absolute_url())
        html = render_to_string("articles/_embed.html", {"article": article, "site": site, "url": url})
        facts = structured_data.embed(article, site, html.strip(), min(width, WIDTH), min(height, HEIGHT))
        facts |= structured_data.thumbnail(article, width, height)
        return JsonResponse({name: value for name, value in facts.items() if value}) if form == "json" else _xml(facts)

    versions = [site.page_version, in_lists(article, comments=False), form, width, height]
    return public(request, versions, build, depends=depends(site, lists=True))


def _article(url: str) -> Article:
    """Return the published article of this absolute address. Raises Http404."""
    try:
        parts = urlsplit(url)
        if parts.netloc != urlsplit(settings.SITE_URL).netloc:
            raise Http404
        match = resolve(parts.path, urlconf=settings.ROOT_URLCONF)
    except (ValueError, Resolver404):
        raise Http404 from None
    if match.url_name != "article":
        raise Http404
    year, month, day = (int(match.kwargs[name]) for name in ("year", "month", "day"))
    found = Article.objects.published().at_address(year, month, day, match.kwargs["slug"])
    return get_object_or_404(found.for_page())


def _most(request: HttpRequest, name: str) -> int:
    """Return how many pixels are asked for at most; where it is no number, there is no limit."""
    given = request.GET.get(name, "")
    return min(ANY, int(given)) if given.isascii() and given.isdecimal() and len(given) < 10 else ANY


def _xml(facts: structured_data.Facts) -> HttpResponse:
    from lxml import etree  # Hardly anybody asks for this form.

    root = etree.Element("oembed")
    for name, value in facts.items():
        if value:
            etree.SubElement(root, name).text = writable(str(value))
    written = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return HttpResponse(written, content_type="text/xml; charset=utf-8")
