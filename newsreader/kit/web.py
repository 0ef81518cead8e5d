"""Forms as pages, and redirect targets that stay on the site."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from newsreader.kit.errors import DomainError, Invalid

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
show_or_take = require_http_methods(["GET", "HEAD", "POST"])  # for views that show a form and accept it


def render_form(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: DomainError | None = None
) -> HttpResponse:
    """Return a page with a form; after a refusal, with its status and headers.

    The template gets it as `refusal`, its field errors by field as `errors`, and the first of them as `error`.
    """
    wrong = refusal.errors if isinstance(refusal, Invalid) else []
    context = context | {
        "refusal": refusal,
        "errors": {error.field: error for error in wrong},
        "error": wrong[0] if wrong else None,
    }
    response = render(request, template, context, status=refusal.status if refusal else 200)
    for name, value in (refusal.headers if refusal else {}).items():
        response[name] = value
    return response


class SeeOther(HttpResponseRedirect):
    """A redirect after a POST: the result is read there with GET."""

    status_code = 303


def safe_next(request: HttpRequest, target: str) -> str:
    """Return the target if it is a path on this site, else `/`. Another port of the same host is another site."""
    hosts = {urlsplit(settings.SITE_URL).netloc, request.get_host()}
    # Browsers drop tabs and newlines from addresses: `/\t/evil.example` becomes `//evil.example`.
    sound = target.startswith("/") and not target.startswith("//") and target.isprintable()
    if sound and url_has_allowed_host_and_scheme(target, hosts, require_https=request.is_secure()):
        return target
    return "/"


def absolute(path: str) -> str:
    """Return the absolute address of a path, for mails and API clients: on SITE_URL, whatever host was requested."""
    return f"{settings.SITE_URL}{path}"
