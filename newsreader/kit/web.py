"""The visitor's address, where a request comes from, forms as pages, and redirect targets that stay on the site."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from newsreader.kit.errors import DomainError, Invalid

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
show_or_take = require_http_methods(["GET", "HEAD", "POST"])  # for views that show a form and take what is sent by it


def client_address(request: HttpRequest) -> str:
    """Return the visitor's IP address, or an empty string where the server knows none.

    With TRUSTED_PROXY_COUNT 0 the peer's; with n the n-th hop of X-Forwarded-For from the right. What stands further
    left was written by the visitor and counts for nothing. A header that is too short or no address: the peer's.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    candidate = hops[-trusted] if trusted and len(hops) >= trusted else peer
    return _address(candidate) or _address(peer)


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network(address: str) -> str:
    """Return what limits are counted by: an IPv4 address, or the /64 of an IPv6 one."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def own_origins(request: HttpRequest) -> set[str]:
    return {f"{request.scheme}://{request.get_host()}".lower(), settings.SITE_URL.lower()}


def comes_from_here(request: HttpRequest) -> bool:
    """Say whether a POST without a session may have been sent from our own pages (docs/contract.md, section 4).

    Where `Sec-Fetch-Site` is present it must be `same-origin` or `none`; else where `Origin` is present it must be
    ours (`null` is not); neither: a client that is no browser, accepted.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in {"same-origin", "none"}
    if sender := request.headers.get("Origin"):
        return sender.lower() in own_origins(request)
    return True


def render_form(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: DomainError | None = None
) -> HttpResponse:
    """Return a page with a form; after a refusal, with its status and headers.

    The template finds it as `refusal`, what is wrong as `errors`, by field, and the first of these as `error`.
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
    """After a POST: what came of it is read there, by GET."""

    status_code = 303


def safe_next(request: HttpRequest, target: str) -> str:
    """Return the target where it is a path of this site, else the front page: its host on another port is another."""
    hosts = {urlsplit(settings.SITE_URL).netloc, request.get_host()}
    # Browsers drop tabs and newlines from an address, and slashes that they kept apart then name another site.
    sound = target.startswith("/") and not target.startswith("//") and target.isprintable()
    if sound and url_has_allowed_host_and_scheme(target, hosts, require_https=request.is_secure()):
        return target
    return "/"


def absolute(path: str) -> str:
    """Return an address of this site as mails and programs need it: on SITE_URL, whatever host was asked."""
    return f"{settings.SITE_URL}{path}"
