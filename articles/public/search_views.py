"""The search page: `/search/?q=`, with filters for section and dates. The same bytes for everybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.forms.models import ModelChoiceIterator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
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
from articles.models.querysets import ArticleQuerySet
from articles.models.site import Site
from articles.models.taxonomy import Section
from articles.page_versions import depends
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.feeds import writable
from newsreader.kit.http_cache import for_everybody, page_number, public
from newsreader.kit.kept import Kept
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


class _Sections(ModelChoiceIterator):
    """The choices of the form, read by a statement that is compiled once."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        yield "", str(self.field.empty_label)
        yield from map(self.choice, _all_sections())


class _Section(forms.ModelChoiceField):
    iterator = _Sections


class SearchForm(forms.Form):
    """A search. Days are in the site's time zone, both included."""

    q = forms.CharField(
        label=_("Search for"), required=False, max_length=300, widget=forms.TextInput(attrs={"type": "search"})
    )
    section = _Section(
        Section.objects.all(), label=_("Section"), required=False, to_field_name="slug", empty_label=_("All sections")
    )
    since = _day(_("From"))
    until = _day(_("To"))
    sort = forms.ChoiceField(
        label=_("Order"), required=False, choices=[("", _("Most relevant")), ("newest", _("Newest first"))]
    )

    def narrowed(self) -> ArticleQuerySet:
        """Return the published articles of the chosen section."""
        articles, section = Article.objects.published().articles(), self.cleaned_data.get("section")
        return articles.filter(section=section) if section else articles

    @property
    def span(self) -> search.Span:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        return search.Span(_begins(since) if since else None, _begins(until + dt.timedelta(days=1)) if until else None)


_inputs: Kept[SafeString] = Kept(most=256 * 1024)  # bytes


def _input(field: forms.BoundField) -> SafeString:
    """Return a field's input, kept under all that it shows: the form's templates take 0.3 ms for each."""
    if field.name == "q":  # Hardly ever the same.
        return field.as_widget()
    choices = list(iter(getattr(field.field, "choices", ())))  # Without `iter` it would count them first: a query.
    shown = [(str(value), str(label)) for value, label in choices]
    key = repr((get_language(), field.name, field.value(), bool(field.errors), shown))
    found = _inputs.get(key)
    if found is None:
        if choices:
            field.field.widget.choices = choices  # Not read again.
        found = field.as_widget()
        _inputs.put(key, found, len(key) + len(found))
    return found


def _written(hits: Iterable[search.Hit]) -> SafeString:
    """Write the results by hand: a template takes four times as long."""
    return mark_safe("".join(map(_hit, hits)))  # Each is made by format_html.


def _hit(hit: search.Hit) -> SafeString:
    article, at = hit.article, timezone.localtime(hit.article.published_at)
    section = article.section
    kicker = format_html('<a href="{}">{}</a> ', section.get_absolute_url(), section.name) if section else ""
    return format_html(
        '<li class="hit"><article>\n'
        '  <p class="kicker">{}<time datetime="{}">{}</time></p>\n'
        '  <h2 class="hit-headline" dir="auto"><a href="{}">{}</a></h2>\n'
        '  <p class="hit-excerpt" dir="auto">{}</p>\n'
        "</article></li>",
        kicker,
        at.isoformat(timespec="seconds"),
        date_format(at, "DATE_FORMAT"),
        article.get_absolute_url(),
        hit.headline,
        hit.excerpt,
    )


def _begins(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


@for_everybody
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
        inputs = [(field, _input(field)) for field in form]
        hits = search.hits(articles, query)
        context = {"inputs": inputs, "query": query, "hits": hits, "page": numbers, "asked": asked}
        context["results"] = _written(hits)
        context["narrowed"] = any(form.data.get(name) for name in form.fields if name != "q")
        return render(request, "articles/search.html", context, status=200 if form.is_valid() else 400)

    versions = [site.page_version, asked, number, len(ids), *((article.pk, article.version) for article in articles)]
    return public(request, versions, build, depends=depends(site, lists=True))


def _found(form: SearchForm, query: str) -> list[int]:
    articles = form.narrowed()
    if form.cleaned_data["sort"] == "newest":
        return search.newest(articles, query, span=form.span)
    return search.best(articles, query, form.span)


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
