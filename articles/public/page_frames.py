"""Pages of lists: the frame around what is listed, kept in memory under all that it shows (`newsreader.article_page`).

A new comment changes one teaser, an edit of the site perhaps nothing here. To render the rest anew was two fifths of a
front page, a list or a search.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from articles import page_versions
from articles.current_site import current_site
from newsreader.kit.frames import Frames
from newsreader.kit.kept import columns

_frames = Frames(most=4 * 1024 * 1024)  # bytes


def framed(
    request: HttpRequest,
    template: str,
    values: Mapping[str, str],
    shown: tuple[Hashable, ...],
    context: Callable[[Mapping[str, str]], dict[str, Any]],
) -> str:
    """Return a page of this template with these values, which are HTML.

    `context`: the template's, given what stands for each value: nothing for one that is empty. `shown`: all else that
    this context depends on, but for what every page shows.
    """
    everywhere = import_string(settings.FRAME)(request)
    menu, foot = tuple(everywhere["menu"]), tuple(everywhere["foot"])
    site = columns(current_site(request), page_versions.OF_SITE)  # They only count; what they count is in the key.

    def build(marks: Mapping[str, str]) -> str:
        given = context({name: mark if values[name] else "" for name, mark in marks.items()})
        return render_to_string(template, {**given, "menu": menu, "foot": foot}, request)

    filled = tuple(name for name, value in values.items() if value)
    key = (template, get_language(), settings.SITE_URL, request.path, *site, menu, foot, filled, *shown)
    return _frames.fill(key, values, build)
