"""The import's pages in the newsroom: upload a file, see what an import would do, import it, see what came in.

They work without script; with it, the page of a file at work keeps up by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from newsreader.kit import private_uploads
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.http_cache import private
from newsreader.kit.private_uploads import Upload
from newsreader.transfer import web_imports


def start(request: HttpRequest) -> HttpResponse:
    """Show the form and the files that are here, or take a file (POST)."""
    _refuse_others(request)
    errors: Sequence[FieldError] = []
    if request.method == "POST":
        sent: Any = request.FILES.get("file")
        user: Any = request.user
        try:
            if sent is None:
                raise web_imports.nothing_sent()
            kept = web_imports.upload(sent.chunks(), str(sent.name), int(sent.size or 0), by=user)
        except Invalid as refusal:
            errors = refusal.errors
        else:
            return HttpResponseRedirect(reverse("import-file", args=[kept.id]), status=303)
    uploads = [_shown(kept) for kept in private_uploads.found()]
    page = _page(
        request, "admin/transfer/start.html", _("Import from WordPress"), {"errors": errors, "uploads": uploads}
    )
    page.status_code = 422 if errors else 200
    return page


def file(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far a file is, and its report; import or discard it (POST)."""
    _refuse_others(request)
    kept = private_uploads.find(slug)
    if kept is None:
        raise Http404
    if request.method == "POST":
        return _perform(request, kept)
    return _page(request, "admin/transfer/file.html", kept.facts["name"], {"upload": _shown(kept)})


def _perform(request: HttpRequest, kept: Upload) -> HttpResponse:
    user: Any = request.user
    if request.POST.get("do") == "discard":
        if kept.facts["state"] in web_imports.RUNNING and not web_imports.is_silent(kept):
            messages.error(request, _("It is being read right now. Discard it when that is done."))
            return HttpResponseRedirect(request.path, status=303)
        kept.discard()
        messages.success(request, _("The file is deleted."))
        return HttpResponseRedirect(reverse("import-start"), status=303)
    web_imports.begin(kept, by=user)
    return HttpResponseRedirect(request.path, status=303)


def _refuse_others(request: HttpRequest) -> None:
    if not web_imports.may_import(request.user):
        raise PermissionDenied


def _shown(kept: Upload) -> dict[str, Any]:
    facts = kept.facts
    running = facts["state"] in web_imports.RUNNING
    report = facts.get("report")
    return facts | {
        "id": kept.id,
        "running": running and not web_imports.is_silent(kept),
        "silent": web_imports.is_silent(kept),
        "report": _laid_out(report) if report else None,
    }


def _laid_out(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report with the states of what came in apart from their total."""
    came_in = [
        (what, counts["total"], [(state, count) for state, count in counts.items() if state != "total"])
        for what, counts in report["came_in"].items()
    ]
    return report | {"came_in": came_in}


def _page(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = admin.site.name
    page = TemplateResponse(request, template, {**admin.site.each_context(request), "title": title} | context)
    return private(page)
