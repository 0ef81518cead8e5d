"""Whether another site may have sent a form: the one place that knows (docs/contract.md, section 4).

A valid token suffices. A guest's form in a public page has none, so it is believed by where it comes from. Somebody who
is signed in always needs one.

Browsers do not always say where a form comes from: older ones, pages with `Referrer-Policy: no-referrer`, and sites
without TLS send `Origin: null` or nothing at all. That speaks against nobody who brings a token. Django's own check
would refuse it, so it is told what it wants to hear (`as_own`) where the browser names no other site.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import CSRFCheck

HERE = {"same-origin", "none"}  # values of `Sec-Fetch-Site`, which no page can set
FIELD = "csrfmiddlewaretoken"


def own_origins(request: HttpRequest) -> set[str]:
    return {f"{request.scheme}://{request.get_host()}".lower(), settings.SITE_URL.lower()}


def may_be_forged(request: HttpRequest) -> bool:
    """Say whether another site may have sent this form, for views that are exempt from Django's own check."""
    if request.user.is_authenticated:
        return not _has_valid_token(request)
    return guest_may_be_forged(request)


def guest_may_be_forged(request: HttpRequest) -> bool:
    """Say the same of somebody without a session, who needs no token but may bring one."""
    return not (_brings_token(request) and _has_valid_token(request)) and not _comes_from_here(request)


def names_another_site(request: HttpRequest) -> bool:
    """Say whether the browser names another site as the sender. `Origin: null`, or nothing, names none."""
    if request.headers.get("Sec-Fetch-Site", "none") not in HERE:
        return True
    sender = request.headers.get("Origin")
    if sender is None and (referrer := request.headers.get("Referer")):
        sender = _origin_of(referrer)
    return sender not in {None, "null"} and str(sender).lower() not in own_origins(request)


def _origin_of(address: str) -> str:
    """Return the origin of an address; of a malformed one something that is nobody's."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


@contextmanager
def as_own(request: HttpRequest) -> Iterator[None]:
    """Have Django's check look at the token alone meanwhile: the request seems to name this site as its sender."""
    before = request.META.get("HTTP_ORIGIN")
    request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
    try:
        yield
    finally:
        if before is None:
            del request.META["HTTP_ORIGIN"]
        else:
            request.META["HTTP_ORIGIN"] = before


def _comes_from_here(request: HttpRequest) -> bool:
    """Say whether a form without a token may have been sent from our own pages.

    If `Sec-Fetch-Site` is present, it must be `same-origin` or `none`. Otherwise, if `Origin` is present, it must be
    ours (`null` is not). With neither, the client is not a browser and is accepted.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in HERE
    if sender := request.headers.get("Origin"):
        return sender.lower() in own_origins(request)
    return True


def _brings_token(request: HttpRequest) -> bool:
    return bool(request.headers.get("X-CSRFToken") or request.POST.get(FIELD))


def _has_valid_token(request: HttpRequest) -> bool:
    """Say whether the form's token belongs to this browser, whatever `Origin` and `Referer` say."""
    check = CSRFCheck(_nothing)
    with as_own(request):
        check.process_request(request)
        return check.process_view(request, _nothing, (), {}) is None


def _nothing(request: HttpRequest) -> HttpResponse:
    """Stand in for a view that is not exempt from the check."""
    return HttpResponse()
