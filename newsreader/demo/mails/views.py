"""The mails in the newsroom: a list, and each as text and as HTML.

They hold codes and links for anybody, so only who may change everything here reads them: superusers and editors.
"""

from __future__ import annotations

from email.message import EmailMessage as Parsed
from email.utils import parsedate_to_datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from newsreader.demo.mails.backend import found, newest_first, opened
from newsreader.kit.http_cache import private


def mails(request: HttpRequest) -> HttpResponse:
    """List them, the newest first."""
    _refuse_others(request)
    folder = opened()
    rows = [(key, mail) for key in newest_first(folder) if (mail := found(key))]
    return _page(request, "demo/mails.html", _("Emails"), {"mails": [_shown(key, mail) for key, mail in rows]})


def mail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one as text; with `?html`, as the HTML that its reader gets."""
    _refuse_others(request)
    letter = found(slug)
    if letter is None:
        raise Http404
    if "html" in request.GET:
        return private(HttpResponse(_part(letter, "html")))
    shown = _shown(slug, letter) | {"text": _part(letter, "plain"), "has_html": bool(_part(letter, "html"))}
    return _page(request, "demo/mail.html", str(shown["subject"]), {"mail": shown})


def _refuse_others(request: HttpRequest) -> None:
    user: Any = request.user
    if not user.has_perm("articles.change_site"):  # Superusers have every right.
        raise PermissionDenied


def _shown(key: str, letter: Parsed) -> dict[str, Any]:
    sent = letter["Date"]
    return {
        "key": key,
        "subject": letter["Subject"],
        "to": letter["To"],
        "from": letter["From"],
        "sent": parsedate_to_datetime(str(sent)) if sent else None,
    }


def _part(letter: Parsed, kind: str) -> str:
    part = letter.get_body((kind,))
    return part.get_content() if part else ""


def _page(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = admin.site.name
    page = TemplateResponse(request, template, {**admin.site.each_context(request), "title": title} | context)
    return private(page)
