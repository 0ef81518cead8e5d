"""What our API's views share: signing in by session, strict JSON, cursors, limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound, ParseError, PermissionDenied
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

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
