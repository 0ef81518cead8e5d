"""The context that every page's frame needs: the site's name, its menu and its foot. Evaluated only where shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from articles.current_site import current_site
from articles.models.article import Article
from articles.models.site import MenuItem, Site
from articles.models.taxonomy import Section


class MenuEntry(NamedTuple):
    """An entry of the menu or the foot. `section` is the id of the section it leads to, if it does."""

    name: str
    url: str
    section: int | None = None


def context(request: HttpRequest | None = None) -> dict[str, Any]:
    """Return the frame's context, lazily, since mails and the admin need little of it."""
    paper = SimpleLazyObject(lambda: current_site(request) if request else Site.objects.current())
    chosen = SimpleLazyObject(lambda: list(MenuItem.objects.select_related("section", "page")))
    return {
        "site": paper,
        "paper": paper,  # The same again: allauth's views pass a `site` of their own.
        "menu": SimpleLazyObject(lambda: _chosen(chosen, MenuItem.Place.MENU) or _sections()),
        "foot": SimpleLazyObject(lambda: _chosen(chosen, MenuItem.Place.FOOT) or _pages()),
        "site_url": settings.SITE_URL,
    }


def _chosen(items: Iterable[MenuItem], place: str) -> list[MenuEntry]:
    """Return the entries that editors chose, without pages that readers cannot see."""
    shown = (item for item in items if item.place == place)
    return [
        MenuEntry(item.name, item.get_absolute_url(), item.section_id)
        for item in shown
        if item.page is None or item.page.state == Article.State.PUBLISHED
    ]


def _sections() -> list[MenuEntry]:
    return [MenuEntry(row.name, row.get_absolute_url(), row.pk) for row in Section.objects.filter(in_menu=True)]


def _pages() -> list[MenuEntry]:
    pages = Article.objects.published().filter(kind=Article.Kind.PAGE).order_by("headline")
    shown = pages.only("pk", "kind", "slug", "published_on", "headline")
    return [MenuEntry(row.headline, row.get_absolute_url()) for row in shown]
