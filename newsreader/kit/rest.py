"""What our API's views share: signing in by session, strict JSON, cursors, limits."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound, ParseError, PermissionDenied
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from newsreader.kit.pages import FRESH
from newsreader.kit.web import client_address, network

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ForgeryRefused(PermissionDenied):
    default_code = "forgery_refused"
    default_detail = "The CSRF token is missing or wrong: send it in the header X-CSRFToken."


class SiteSession(SessionAuthentication):
    """The site's own session, with the CSRF header on everything that changes something."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"  # Makes a missing sign-in 401, which says that signing in would help.

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise ForgeryRefused() from None


class StrictJSON(JSONParser):
    """JSON that can be stored: no NaN, no lone surrogates."""

    strict = True

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()
        except (UnicodeError, RecursionError):
            raise ParseError("This JSON holds characters that are none.", code="parse_error") from None
        return data


class Cursor(CursorPagination):
    """Opaque cursors, twenty a page; a list asks for no count. `limit` asks for more or fewer, up to 100."""

    page_size_query_param = "limit"
    max_page_size = 100
    ordering: Any = ("-pk",)

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get("limit")
        if text is None:
            return self.page_size or 20
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= self.max_page_size):
            raise ParseError(f"limit must be a number from 1 to {self.max_page_size}.", code="invalid_limit")
        return int(text)

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except NotFound:
            raise ParseError("This is no cursor of ours.", code="invalid_cursor") from None

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, DataError, OverflowError):
            raise ParseError("This is no cursor of ours.", code="invalid_cursor") from None

    def get_ordering(self, request: Request, queryset: QuerySet, view: APIView) -> tuple[str, ...]:
        return tuple(getattr(view, "cursor_ordering", self.ordering))


class ByVisitor(SimpleRateThrottle):
    """So many requests a minute for an account, or for an address as kit.web sees it (no header a visitor writes)."""

    scope = "visitor"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        who = f"user-{request.user.pk}" if request.user.is_authenticated else network(client_address(request._request))
        return self.cache_format % {"scope": self.scope, "ident": who}


class Signed(BasePermission):
    """Somebody who is signed in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated)


def whole_number(text: str, name: str) -> int:
    """Return a query parameter as an id. Raises ParseError."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ParseError(f"{name} must be a number.", code=f"invalid_{name}")
    return int(text)


def moment(text: str, name: str) -> dt.datetime:
    """Return a query parameter as a time; a day, or a time without zone, is the site's. Raises ParseError."""
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        found = parse_datetime(text)
        day = parse_date(text) if found is None else None
        if day:
            found = dt.datetime.combine(day, dt.time())
        if found is None:
            raise ValueError
        if timezone.is_naive(found):
            found = timezone.make_aware(found)
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ParseError(f"{name} must be a time such as 2026-11-23T10:00:00Z.", code=f"invalid_{name}") from None


class Shared:
    """For views whose answers to strangers are the same for all: those may be kept by a cache, others never."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if response.status_code < 400:
            stranger = not getattr(getattr(request, "user", None), "is_authenticated", False)
            public = stranger and request.method in {"GET", "HEAD"}
            response.headers.setdefault("Cache-Control", FRESH if public else "private, no-cache")
        return response
