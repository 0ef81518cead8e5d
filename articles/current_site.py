"""The site's settings (its name, its design, its page version), read once in a request."""

from __future__ import annotations

from django.http import HttpRequest

from articles.models.site import Site
from newsreader.kit.request_attributes import RequestAttribute

_ASKED_FOR: RequestAttribute[Site] = RequestAttribute("current_site")


def current_site(request: HttpRequest) -> Site:
    """Return the site, read once in a request, so that a page and its version come from the same row."""
    site = _ASKED_FOR.get(request)
    if site is None:
        site = Site.objects.current()
        _ASKED_FOR.set(request, site)
    return site
