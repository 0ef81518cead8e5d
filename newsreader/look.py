"""What every page's frame needs: the paper's name and its menu. Asked for only when a template shows it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from articles.models import Article, Section, Site


def context(request: HttpRequest | None = None) -> dict[str, Any]:
    """Return the frame's context; lazily, since mails and the admin do without most of it."""
    # A page that has asked for the paper already, for its version, brings it along.
    paper = getattr(request, "paper", None) or SimpleLazyObject(lambda: Site.objects.current())
    return {
        "site": paper,
        "paper": paper,  # allauth's views bring a `site` of their own.
        "menu": SimpleLazyObject(lambda: list(Section.objects.filter(in_menu=True))),
        "foot_pages": SimpleLazyObject(
            lambda: list(Article.objects.published().filter(kind="page").order_by("headline"))
        ),
        "site_url": settings.SITE_URL,
    }
