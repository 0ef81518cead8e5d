"""The pages of the first steps, in the newsroom."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from newsreader.first_steps import providers, steps
from newsreader.kit.http_cache import private


def steps_page(request: HttpRequest) -> HttpResponse:
    """Show all steps, done and dismissed ones too; dismiss one, or show it again (POST)."""
    _refuse_others(request)
    user: Any = request.user
    if request.method == "POST":
        steps.dismiss(request.POST.get("step", ""), on="again" not in request.POST, by=user)
        back = request.POST.get("back", "")
        is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
        return HttpResponseRedirect(back if is_ours else reverse("first-steps"), status=303)
    context = {
        "steps": steps.shown_to(user),
        "language": settings.LANGUAGE_CODE,
        "time_zone": settings.TIME_ZONE,
        "language_is_chosen": "LANGUAGE_CODE" in settings.CHOSEN,
        "time_zone_is_chosen": "TIME_ZONE" in settings.CHOSEN,
        "catalogues": sorted(settings.CATALOGUES.items()),
    }
    return _page(request, "admin/first_steps/steps.html", _("First steps"), context)


def providers_page(request: HttpRequest) -> HttpResponse:
    """Show which ways to sign in are on, and what to register where."""
    _refuse_others(request)
    context = {"rows": providers.rows(), "address": settings.SITE_URL, "secure": settings.SECURE}
    return _page(request, "admin/first_steps/providers.html", _("Sign-in providers"), context)


def _refuse_others(request: HttpRequest) -> None:
    if not steps.may_see(request.user):
        raise PermissionDenied


def _page(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = admin.site.name
    page = TemplateResponse(request, template, {**admin.site.each_context(request), "title": title} | context)
    return private(page)
