"""Addresses that an imported site had, and where they lead now: WordPress' own forms, around those that came with it.

Nothing is told of what readers do not see: an address of something unpublished leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from articles.models.article import Article, Redirect
from articles.models.taxonomy import Author, Section, Tag
from newsreader.kit.compiled_queries import Compiled

# The queries with which WordPress names an article where there are no other addresses.
IDS = ("p", "page_id", "attachment_id")
NAMES = {*IDS, "feed", "author_name", "tag", "category_name"}
_FEEDS = {"": "", "feed": "", "rss": "", "rss2": "", "rdf": "", "atom": "atom/", "json": "json/"}
# What WordPress appends to the address of an article: its feed, a version for phones, pages of it or of its comments.
_APPENDED = re.compile(
    r"/(?:(feed)(?:/(feed|rss2?|rdf|atom|json))?|amp|embed|trackback|comment-page-\d+|page/\d+|\d{1,3})/?$"
)
_TERM = re.compile(r"(?:^|/)(category|tag|author)/(?:[^/]+/)*?([^/]+?)/?$")


def target(request: HttpRequest) -> str:
    """Return where the address of this request leads now; empty where it was none. At most three queries."""
    found = _by_query(request) or _by_path(request)
    return found if found != request.get_full_path() else ""


def is_asked(request: HttpRequest) -> bool:
    """Say whether the query looks like one of WordPress'."""
    return not NAMES.isdisjoint(request.GET)


def _by_query(request: HttpRequest) -> str:
    form = _FEEDS.get(request.GET.get("feed", "").removeprefix("comments-")) if "feed" in request.GET else None
    feed = "" if form is None else f"feed/{form}"
    ids = {name: request.GET[name] for name in IDS if request.GET.get(name, "").isdecimal()}
    if ids:
        # `?p=` finds pages too, and WordPress takes other parameters beside it.
        names = set(ids.items()) | {("p", number) for number in ids.values()}
        article = _article({f"{request.path}?{name}={number}" for name, number in names})
        return f"{article.get_absolute_url()}{feed}" if article else ""
    for name, kind in (("category_name", "category"), ("tag", "tag"), ("author_name", "author")):
        if slug := request.GET.get(name, ""):
            return _with_feed(_of_term(kind, slug.rpartition("/")[2]), feed)
    if form is not None and request.path == "/":
        return f"/comments/feed/{form}" if request.GET["feed"].startswith("comments-") else f"/feed/{form}"
    return ""


def _by_path(request: HttpRequest) -> str:
    appended = _APPENDED.search(request.path)
    plain = request.path[: appended.start()] if appended else request.path.rstrip("/")
    feed = f"feed/{_FEEDS.get(appended[2] or '', '')}" if appended and appended[1] else ""
    if article := _article({request.get_full_path(), *_slashed(request.path)}):
        return article.get_absolute_url()
    if appended and (article := _article({*_slashed(plain)})):
        return f"{article.get_absolute_url()}{feed}"
    if appended and appended[1] and plain in {"", "/comments"}:
        return f"{plain}/{feed}"
    if term := _TERM.search(plain):
        return _with_feed(_of_term(term[1], term[2]), feed)
    return ""


def _slashed(path: str) -> Iterator[str]:
    yield f"{path.rstrip('/')}/"
    yield path.rstrip("/")


def _article(paths: set[str]) -> Article | None:
    row = _redirect.first(*paths)
    return row.article if row else None


@Compiled
def _redirect(*paths: str) -> QuerySet[Redirect]:
    rows = Redirect.objects.filter(path__in=paths, article__state=Article.State.PUBLISHED)
    return rows.select_related("article").defer("article__body").order_by("pk")[:1]


def _with_feed(page: str, feed: str) -> str:
    return f"{page}{feed}" if page else ""


def _of_term(kind: str, slug: str) -> str:
    """Return the page of a section, a tag or an author of an imported site, where readers find articles there.

    Of several categories, an article keeps the first as its section; the others are tags.
    """
    shown = Article.objects.published().articles()
    if kind == "author":
        named = Author.objects.filter(Q(slug=slug) | Q(origin_type="author", origin_id__iexact=slug))
        author = named.filter(bylines__article__in=shown).order_by("pk").first()
        return author.get_absolute_url() if author else ""
    models = (Section, Tag) if kind == "category" else (Tag, Section)
    for model in models:
        row = model.objects.filter(slug=slug, articles__in=shown).order_by("pk").first()
        if row:
            return row.get_absolute_url()
    return ""
