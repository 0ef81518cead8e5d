"""What is known of a request besides its answer: its id, which view answered, what the database took.

The id comes from the proxy, if that is trusted and sends a sound one, and is made here otherwise. Every line that is
logged meanwhile carries it, and so does every refusal as JSON. It is returned as `X-Request-ID` with answers that no
shared cache keeps: a kept page would show everybody the id of whoever asked first.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from newsreader.kit.database_time import spent

HEADER = "X-Request-ID"
SEEN = "newsreader.seen"  # in the request's environ: what is known of it so far, for whoever stands before Django
NO_VIEW = "none"
_SOUND = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(slots=True)
class Seen:
    """One request. `view`: the name of its address, or of the function where that has none."""

    request_id: str
    view: str = NO_VIEW
    database_seconds: float = 0.0
    statements: int = 0


def request_id(given: str | None) -> str:
    """Return the id that the proxy gives a request, or a new one."""
    if given and settings.TRUSTED_PROXY_COUNT and _SOUND.fullmatch(given):
        return given
    return f"{random.getrandbits(128):032x}"


def current_id() -> str:
    """Return the id of the request that this thread answers; empty if there is none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


class Traced:
    """Middleware, the outermost: every other one logs and answers under the request's id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seen = request.META.get(SEEN) or Seen(request_id(request.META.get("HTTP_X_REQUEST_ID")))
        seconds, statements = spent.seconds, spent.statements
        structlog.contextvars.bind_contextvars(request_id=seen.request_id)
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.clear_contextvars()
        seen.database_seconds, seen.statements = spent.seconds - seconds, spent.statements - statements
        seen.view = _view(request, response)
        if not _may_be_shared(response):
            response[HEADER] = seen.request_id
        return response


def _may_be_shared(response: HttpResponse) -> bool:
    rules = response.get("Cache-Control", "")
    return "no-store" not in rules and "private" not in rules


def _view(request: HttpRequest, response: HttpResponse) -> str:
    if request.resolver_match:
        return request.resolver_match.view_name
    if request.path.startswith(str(settings.STATIC_URL)):
        return "static"
    if response.status_code < 400 or response.status_code == 404:
        return NO_VIEW
    try:  # It was refused before anybody looked whom it is for.
        return resolve(request.path_info).view_name
    except Resolver404:
        return NO_VIEW
