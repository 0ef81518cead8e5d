"""The context that every page's frame needs: the site's name, its menu and its foot. Evaluated only where shown."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from articles.current_site import current_site
from articles.models.article import Article
from articles.models.querysets import ArticleQuerySet
from articles.models.site import MenuItem, Site
from articles.models.taxonomy import Section
from newsreader.kit.compiled_queries import Compiled


class MenuEntry(NamedTuple):
    """An entry of the menu or the foot. `section` is the id of the section it leads to, if it does."""

    name: str
    url: str
    section: int | None = None


def context(request: HttpRequest | None = None) -> dict[str, Any]:
    """Return the frame's context, lazily, since mails and the admin need little of it."""
    paper: Any = SimpleLazyObject(lambda: current_site(request) if request else Site.objects.current())
    own: Any = SimpleLazyObject(_own_entries)
    return {
        "site": paper,
        "paper": paper,  # The same again: allauth's views pass a `site` of their own.
        "menu": SimpleLazyObject(lambda: _menu(paper, own)),
        "foot": SimpleLazyObject(lambda: _foot(paper, own)),
        "site_url": settings.SITE_URL,
    }


_own_entries = Compiled(
    lambda: MenuItem.objects.select_related("section", "page").defer("page__body", "page__standfirst")
)
_sections = Compiled(lambda: Section.objects.filter(in_menu=True))


@Compiled
def _pages() -> ArticleQuerySet:
    pages = Article.objects.published().filter(kind=Article.Kind.PAGE).order_by("headline")
    return pages.only("pk", "kind", "slug", "published_on", "headline")


def _menu(site: Site, own: Iterable[MenuItem]) -> list[MenuEntry]:
    """Return the sections and the entries that editors added, by position; of the same position sections first."""
    items = [item for item in own if item.place == MenuItem.Place.MENU]
    placed = {item.section_id for item in items}
    sections = [] if site.own_menu_only else _sections()
    entries = [
        (row.position, MenuEntry(row.name, row.get_absolute_url(), row.pk)) for row in sections if row.pk not in placed
    ]
    entries += [(item.position, _entry(item)) for item in items if _is_shown(item)]
    return [entry for _, entry in sorted(entries, key=itemgetter(0))]


def _foot(site: Site, own: Iterable[MenuItem]) -> list[MenuEntry]:
    """Return the pages, then the entries that editors added, by position."""
    items = [item for item in own if item.place == MenuItem.Place.FOOT]
    placed = {item.page_id for item in items}
    rows = [] if site.own_foot_only else _pages()
    entries = [MenuEntry(row.headline, row.get_absolute_url()) for row in rows if row.pk not in placed]
    return entries + [_entry(item) for item in items if _is_shown(item)]


def _entry(item: MenuItem) -> MenuEntry:
    return MenuEntry(item.name, item.get_absolute_url(), item.section_id)


def _is_shown(item: MenuItem) -> bool:
    """Say whether readers can follow it: an unpublished page is not named."""
    return item.page is None or item.page.state == Article.State.PUBLISHED
