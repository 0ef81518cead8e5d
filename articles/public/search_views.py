"""The search page: `/search/?q=`, with filters for section and dates. The same bytes for everybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from articles import search
from articles.current_site import current_site
from articles.models.article import Article
from articles.models.site import Site
from articles.models.taxonomy import Section
from articles.page_versions import depends
from articles.public.page_frames import framed
from newsreader.kit.compiled_queries import Compiled, Unmade
from newsreader.kit.feeds import writable
from newsreader.kit.frames import Frames
from newsreader.kit.http_cache import for_everybody, page_number, public, reading
from newsreader.kit.kept import Kept, values
from newsreader.kit.web import absolute

RESULTS = 20


class DayInput(forms.DateInput):
    """The browser's date input. It shows only valid dates, so anything else is left out."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        try:
            return str(value) if parse_date(str(value)) else None
        except ValueError:
            return None


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, input_formats=["%Y-%m-%d"], widget=DayInput())


_all_sections = Compiled(lambda: Section.objects.all())


class SearchForm(forms.Form):
    """A search. Days are in the site's time zone, both included."""

    q = forms.CharField(
        label=_("Search for"), required=False, max_length=300, widget=forms.TextInput(attrs={"type": "search"})
    )
    section = forms.ModelChoiceField(
        Section.objects.all(), label=_("Section"), required=False, to_field_name="slug", empty_label=_("All sections")
    )
    since = _day(_("From"))
    until = _day(_("To"))
    sort = forms.ChoiceField(
        label=_("Order"), required=False, choices=[("", _("Most relevant")), ("newest", _("Newest first"))]
    )

    @property
    def span(self) -> search.Span:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        return search.Span(_begins(since) if since else None, _begins(until + dt.timedelta(days=1)) if until else None)


_forms = Frames(most=256 * 1024)  # bytes


def _form(form: SearchForm) -> SafeString:
    """Return the fields of the form, kept under all that they show but the words: its templates take a millisecond."""
    data, query, sections = form.data, form["q"].value(), _all_sections()
    if not query or not form.is_valid():
        return _fields(form, sections)

    def build(marks: Mapping[str, str]) -> str:
        given = {name: data.get(name) for name in form.fields if name in data}
        return _fields(SearchForm({**given, "q": marks["query"]}), sections)

    others = [data.get(name) for name in form.fields if name != "q"]
    key = (get_language(), *others, *((section.slug, section.name) for section in sections))
    return mark_safe(_forms.fill(key, {"query": escape(query)}, build))


def _fields(form: SearchForm, sections: Sequence[Section]) -> SafeString:
    chosen: Any = form.fields["section"]
    chosen.widget.choices = [("", chosen.empty_label), *((section.slug, section.name) for section in sections)]
    narrowed = any(form.data.get(name) for name in form.fields if name != "q")
    return mark_safe(get_template("articles/_search_form.html").render({"form": form, "narrowed": narrowed}))


_HIT = """\
<li class="hit"><article>
  <p class="kicker">%(section_html)s<time datetime="%(iso)s">%(day)s</time></p>
  <h2 class="hit-headline" dir="auto"><a href="%(url)s">%(headline_html)s</a></h2>
  <p class="hit-excerpt" dir="auto">%(excerpt_html)s</p>
</article></li>"""


_hits: Kept[str] = Kept(most=8 * 1024 * 1024)  # bytes


def _written(articles: Iterable[Article], query: str) -> SafeString:
    """Write the results by hand: a template takes ten times as long.

    A new article changes such a page, and leaves its other results as they were: each is kept under all that it shows.
    To write all twenty again took a tenth of the page.
    """
    zone, language = timezone.get_current_timezone(), get_language() or ""
    everywhere = (tuple(search.parts(query)), zone, language)
    by_key = {(everywhere, *_columns(article)): article for article in articles}
    shown = {key: _hits.get(key) for key in by_key}
    missing = [key for key, written in shown.items() if written is None]
    for key, hit in zip(missing, search.hits(map(by_key.__getitem__, missing), query), strict=True):
        shown[key] = written = _hit(hit, zone, language)
        _hits.put(key, written, len(hit.article.body) + 3 * len(written))
    return mark_safe("".join(filter(None, shown.values())))  # Each is written by `_hit`.


def _columns(article: Article) -> tuple[Any, ...]:
    return values(article) if type(article) is Unmade else (*values(article), *values(article.section))


def _hit(hit: search.Hit, zone: dt.tzinfo, language: str) -> str:
    article, at = hit.article, timezone.localtime(hit.article.published_at, zone)
    section = article.section
    filled = {
        "section_html": _named(section.get_absolute_url(), section.name) if section else "",
        "iso": at.isoformat(timespec="seconds"),
        "day": _worded(at.date(), language),
        "url": article.get_absolute_url(),
        "headline_html": hit.headline,
        "excerpt_html": hit.excerpt,
    }
    # As in `comments.discussion.markup`: whatever is filled in is escaped, but for names that end in `_html`.
    return _HIT % {name: value if name.endswith("_html") else escape(value) for name, value in filled.items()}


@lru_cache(256)
def _named(url: str, name: str) -> str:
    return format_html('<a href="{}">{}</a> ', url, name)


@lru_cache(1024)
def _worded(day: dt.date, language: str) -> str:
    return date_format(day, "DATE_FORMAT")


def _begins(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


@reading("page", *SearchForm.base_fields)
def search_page(request: HttpRequest) -> HttpResponse:
    """Show one page of results; 404 past the last. A fixed number of queries."""
    site, number, form = current_site(request), page_number(request), SearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    ids = _found(form, query) if query else []
    start = (number - 1) * RESULTS
    if start and start >= len(ids):
        raise Http404
    articles = search.rows(ids[start : start + RESULTS])
    asked = urlencode({name: value for name, value in request.GET.items() if name in form.fields and value})

    def build() -> HttpResponse:
        numbers = {"number": number, "earlier": number - 1, "later": number + 1 if start + RESULTS < len(ids) else 0}
        results = _written(articles, query)
        filled = {"query": escape(query), "fields": _form(form), "results": results, "asked": escape(asked)}
        found = len(ids) if len(ids) < search.RANKED else 0  # 0: nobody counted the rest.
        shown, given = (*numbers.values(), found), {"page": numbers, "found": found}
        html = framed(request, "articles/search.html", filled, shown, lambda marks: {**marks, **given})
        return HttpResponse(html, status=200 if form.is_valid() else 400)

    versions = [site.page_version, asked, number, len(ids), *((article.pk, article.version) for article in articles)]
    return public(request, versions, build, depends=depends(site, lists=True))


def _found(form: SearchForm, query: str) -> list[int]:
    section = form.cleaned_data.get("section")
    ranked = search.newest_published if form.cleaned_data["sort"] == "newest" else search.best
    return ranked(query, section.pk if section else None, form.span)


@for_everybody
def opensearch(request: HttpRequest) -> HttpResponse:
    """Describe the search for browsers, so that it can be used from the address bar."""
    site = Site.objects.current()
    context = {"name": writable(site.name)[:16], "template": absolute("/search/?q={searchTerms}")}
    kind = "application/opensearchdescription+xml; charset=utf-8"
    return public(
        request,
        [site.page_version],
        lambda: render(request, "articles/opensearch.xml", context, content_type=kind),
        depends=depends(site),
    )
