"""What our REST views share: the session, strict JSON, known parameters, rate limits, cache headers; see `pagination`.

A view says in `takes` what each writing action takes, and in `filters` how its list is narrowed. The schema, OPTIONS
and what is refused follow from these.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.cache import caches
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import MethodNotAllowed, ParseError, PermissionDenied
from rest_framework.metadata import SimpleMetadata
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import IntegerField, Serializer
from rest_framework.throttling import SimpleRateThrottle

from newsreader.kit.client_address import client_address, network
from newsreader.kit.clock import SLACK
from newsreader.kit.errors import UnknownParameters
from newsreader.kit.forgery import as_own, names_another_site
from newsreader.kit.http_cache import ASKED_EACH_TIME, FRESH
from newsreader.kit.numbers import read_id
from newsreader.kit.pagination import Cursor
from newsreader.kit.times import in_zone
from newsreader.kit.versions import etag_of, versions_wanted

if TYPE_CHECKING:
    from drf_spectacular.utils import OpenApiParameter
    from rest_framework.views import APIView
else:  # Importing it imports the classes that the settings name, which are in this module.
    APIView = object


class ForgeryRefused(PermissionDenied):
    default_code = "forgery_refused"
    default_detail = "The CSRF token is missing or wrong: send it in the header X-CSRFToken."


class SiteSession(SessionAuthentication):
    """The site's own session; every change needs the CSRF header."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"  # Makes DRF answer 401, not 403, to somebody who is not signed in.

    def enforce_csrf(self, request: Any) -> None:
        try:
            with nullcontext() if names_another_site(request) else as_own(request):
                super().enforce_csrf(request)
        except PermissionDenied:
            raise ForgeryRefused() from None


def _without_nul(data: Any) -> Any:
    """Drop NUL from every string, as the forms of pages do: no database can store it."""
    if isinstance(data, str):
        return data.replace("\0", "")
    if isinstance(data, list):
        return [_without_nul(item) for item in data]
    if isinstance(data, dict):
        return {_without_nul(name): _without_nul(value) for name, value in data.items()}
    return data


class StrictJSON(JSONParser):
    """JSON that can be stored: NaN and lone surrogates are refused, NUL is dropped."""

    strict = True

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()
            data = _without_nul(data)
        except (UnicodeError, RecursionError):
            raise ParseError(
                "This JSON holds invalid characters, or is nested too deeply.", code="parse_error"
            ) from None
        return data


class ByVisitor(SimpleRateThrottle):
    """A limit of requests a minute, for an account, or else for the network of the client."""

    scope = "visitor"
    num_requests: int
    cache = caches["requests"]

    def get_cache_key(self, request: Request, view: APIView) -> str:
        who = f"user-{request.user.pk}" if request.user.is_authenticated else network(client_address(request._request))
        return self.cache_format % {"scope": self.scope, "ident": who}

    def throttle_failure(self) -> bool:
        """Refuse, unless it is for requests that were counted before the clock was set back."""
        known = [at for at in self.history if at <= self.now + SLACK.total_seconds()]
        if len(known) == len(self.history):
            return False
        self.history = known
        return bool(self.throttle_success() if len(known) < self.num_requests else False)


class Signed(BasePermission):
    """Somebody who is signed in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated)


def whole_number(text: str, name: str) -> int:
    """Return a query parameter as an id. Raises ParseError."""
    number = read_id(text)
    if number is None:
        raise ParseError(f"{name} must be a number.", code=f"invalid_{name}")
    return number


def moment(text: str, name: str) -> dt.datetime:
    """Return a query parameter as a time. A day, or a time without a zone, is in the site's zone. Raises ParseError."""
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        found = parse_datetime(text)
        day = parse_date(text) if found is None else None
        if day:
            found = dt.datetime.combine(day, dt.time())
        if found is None:
            raise ValueError
        if timezone.is_naive(found):
            found = in_zone(found)
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ParseError(f"{name} must be a time such as 2026-11-23T10:00:00Z.", code=f"invalid_{name}") from None


class Given(Serializer):
    """What a program sends. A field that is unknown is refused; one that only the site itself sets is ignored."""

    ignored: ClassVar[frozenset[str]] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            if unknown := [name for name in data if name not in self.fields and name not in self.ignored]:
                raise UnknownParameters.named(unknown)
        return super().to_internal_value(data)


class OfVersion(Given):
    """A change. `version` may say for which version it is meant, as `If-Match` does."""

    version = IntegerField(min_value=1, required=False)


class Metadata(SimpleMetadata):
    """The answer to OPTIONS: what each writing method takes."""

    def determine_actions(self, request: Any, view: Any) -> dict[str, Any]:
        methods = getattr(view, "action_map", {}).items()
        return {
            method.upper(): self.get_serializer_info(view.form_of(action))
            for method, action in methods
            if action in view.takes
        }

    def get_serializer_info(self, serializer: Any) -> dict[str, Any]:
        told = super().get_serializer_info(serializer)
        if serializer.partial:
            told = {name: about | {"required": False} for name, about in told.items()}
        return told


def renders_otherwise(request: Request) -> bool:
    """Say whether a program has asked for JSON that is written otherwise than by default, as with an indent."""
    renderer = request.accepted_renderer
    return type(renderer) is not JSONRenderer or renderer.get_indent(request.accepted_media_type, {}) is not None


class Shared(APIView):
    """For views whose answers are the same for everybody who is not signed in: only those may be cached."""

    takes: ClassVar[Mapping[str, type[Serializer]]] = {}  # by action
    in_part: ClassVar[frozenset[str]] = frozenset()  # the actions that take any part of it
    filters: ClassVar[Sequence[OpenApiParameter]] = ()
    lists: ClassVar[frozenset[str]] = frozenset({"list"})  # the actions that answer with pages
    narrowed: ClassVar[frozenset[str]] = frozenset({"list"})  # those of them that take the filters
    _paging = frozenset({Cursor.cursor_query_param, Cursor.page_size_query_param})

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        self.refuse_other_methods(request)
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS":
            self._refuse_unknown_parameters(request)

    def refuse_other_methods(self, request: Any) -> None:
        """Answer 405 before anybody is authenticated."""
        if not hasattr(self, request.method.lower()):
            raise MethodNotAllowed(request.method)

    def _refuse_unknown_parameters(self, request: Request) -> None:
        action = getattr(self, "action", None)
        known = {given.name for given in self.filters} if action in self.narrowed else set()
        known |= self._paging if action in self.lists else set()
        if unknown := [name for name in request.query_params if name not in known]:
            raise UnknownParameters.named(unknown)
        for name, values in request.query_params.lists():
            if len(values) > 1:
                raise ParseError(f"{name} is given more than once.", code=f"invalid_{name}")

    def form_of(self, action: str, **values: Any) -> Serializer:
        """Return the serializer of what an action takes."""
        return self.takes[action](partial=action in self.in_part, **values)

    def given(self, request: Request) -> dict[str, Any]:
        """Return what was sent, validated. Raises ValidationError, UnknownParameters."""
        form = self.form_of(self.action, data=request.data)  # type: ignore[attr-defined]
        form.is_valid(raise_exception=True)
        return form.validated_data

    def wanted_versions(self, request: Request, thing: str, values: dict[str, Any]) -> frozenset[int] | None:
        """Return the versions for which this change is meant, and take `version` out of its values; None: for any."""
        return versions_wanted(request._request, thing, values.pop("version", None))

    def of_version(self, thing: str, version: int, data: Any, **more: Any) -> HttpResponse:
        """Return an answer that shows one thing in one version, with its ETag."""
        body = JSONRenderer().render(data)
        response: HttpResponse
        if renders_otherwise(self.request):
            response = Response(data, **more)
        else:  # The renderer would write the same again.
            response = HttpResponse(body, content_type=JSONRenderer.media_type, **more)
        response["ETag"] = etag_of(thing, version, body)
        return response

    def is_same_for_all(self) -> bool:
        """Say whether this request is answered the same whoever sends it. Then caches share the answer as a page."""
        return False

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code < 400:
            anonymous = not getattr(getattr(request, "user", None), "is_authenticated", False)
            shared = anonymous and request.method in {"GET", "HEAD"}
            kept = FRESH if self.is_same_for_all() else ASKED_EACH_TIME
            response.headers.setdefault("Cache-Control", kept if shared else "private, no-cache")
            # So that a cache does not serve it to requests with one of these. What it may share never varies by cookie.
            by = "Accept-Encoding" if shared else "Cookie"
            patch_vary_headers(response, ["Authorization", "X-Session-Token", by])
        return response
