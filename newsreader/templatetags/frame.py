"""What every page has: `{% page_language %}`; and, kept in memory, `{% masthead_menu %}` and `{% foot_links %}`."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.template.defaultfilters import urlencode
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from newsreader.kit import page_language as language_of
from newsreader.kit.kept import Kept

register = template.Library()
_parts: Kept[SafeString] = Kept(most=1024 * 1024)  # bytes


@register.simple_tag(takes_context=True)
def page_language(context: Context) -> str:
    """Write the page in the site's language, if nothing has said in which. Stands first in the frame."""
    request: Any = context.get("request")
    if language_of.is_open(request):
        language_of.settle(request, context["paper"].language)
    return ""


@register.simple_tag(takes_context=True)
def masthead_menu(context: Context) -> SafeString:
    """Return the entries of the menu; the one that leads here is marked, and that of the article's section."""
    path, section = _path(context), getattr(context.get("article"), "section_id", None)
    entries = tuple(
        (entry.name, entry.url, "page" if path == entry.url else "true" if section and section == entry.section else "")
        for entry in context["menu"]
    )
    return _part("_menu.html", entries=entries, is_search=path == "/search/")


@register.simple_tag(takes_context=True)
def foot_links(context: Context) -> SafeString:
    """Return the entries of the foot; the one that leads here is marked."""
    path = _path(context)
    entries = tuple((entry.name, entry.url, path == entry.url) for entry in context["foot"])
    return _part("_foot.html", entries=entries, is_transparency=path == "/transparency/")


def _path(context: Context) -> str:
    request: Any = context.get("request")
    return urlencode(request.path) if request else ""


def _part(name: str, **shown: Hashable) -> SafeString:
    key = (get_language(), name, *shown.values())
    found = None if settings.DEBUG else _parts.get(key)
    if found is None:
        found = mark_safe(get_template(name).render(shown).rstrip("\n"))  # Rendered by a template, which escapes.
        _parts.put(key, found, 2 * len(found))
    return found
