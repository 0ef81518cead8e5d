"""What all responses have in common: security headers, limits on requests, and refusals shown as pages."""

import copy
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from django.urls import Resolver404, resolve

from articles.current_site import current_site
from newsreader import request_limits
from newsreader.accounts import sessions, upload_pass
from newsreader.busy import busy
from newsreader.kit import forgery
from newsreader.kit.database_faults import is_away
from newsreader.kit.database_waits import lock_wait
from newsreader.kit.errors import (
    AddressTooLong,
    BodyTooLarge,
    BodyTooSlow,
    Busy,
    DomainError,
    LengthMissing,
    MethodNotAllowed,
    UploadForStaff,
    VersionConflict,
)
from newsreader.kit.http_cache import is_for_everybody, is_public, private
from newsreader.kit.page_language import left_open, settled
from newsreader.kit.replicas import watching
from newsreader.kit.replicas.routing import reading_from
from newsreader.kit.versions import without_encodings
from newsreader.kit.web import SAFE_METHODS
from newsreader.views import refused

GetResponse = Callable[[HttpRequest], HttpResponse]

# Chromium checks every redirect after a form against `form-action`: the providers', and where they redirect to.
_ways = [*(origin for provider in settings.SIGN_IN_WITH for origin in provider.origins), *settings.SIGN_IN_ORIGINS]
_FORMS = " ".join(dict.fromkeys(["'self'", *_ways]))
_PUBLIC = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    f"connect-src 'self'; manifest-src 'self'; form-action {_FORMS}; base-uri 'none'; frame-ancestors 'none'"
)
# Django's admin and the API's documentation set inline styles. Their scripts come from files, as everywhere.
_DESK = (
    _PUBLIC.replace(f"form-action {_FORMS}", "form-action 'self'")
    .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    .replace("img-src 'self'", "img-src 'self' blob:")
)
_FILES = (settings.MEDIA_URL, settings.STATIC_URL)
_PERMISSIONS = ", ".join(f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb"))


class Headers:
    """Content-Security-Policy and other security headers on every response.

    A cache never keeps a refusal or a private page. Most of Django's own pages say so, but not all.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        inner = request.path.startswith(("/admin/", "/api/v1/docs/"))
        response.headers.setdefault("Content-Security-Policy", _DESK if inner else _PUBLIC)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        # Over plain http, whoever is on the way reads everything anyway. A 304 leaves the header of the copy as it is.
        if settings.SECURE and response.status_code != 304:
            policy = "cross-origin" if _is_for_other_sites(request, response) else "same-origin"
            response.headers.setdefault("Cross-Origin-Resource-Policy", policy)
        # A view that read the session made the response vary by its cookie.
        personal = bool(response.cookies) or "cookie" in response.get("Vary", "").lower()
        if personal or response.status_code >= 400 or request.path.startswith(("/accounts/", "/admin/")):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _is_for_other_sites(request: HttpRequest, response: HttpResponse) -> bool:
    """Say whether pages of other sites may load this answer as a part of theirs, such as a picture out of a feed.

    Files may, and whatever is the same for everybody unless it is a page, and what leads there from an earlier address.
    All else may hold what one person sees.
    """
    if request.path.startswith(_FILES):
        return response.status_code < 400
    is_page = response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")
    return not is_page and (is_public(response) or response.status_code == 301)


class Conditional(ConditionalGetMiddleware):
    """ETag and 304 by content, for responses that did not get their ETag from versions.

    Everybody below reads the ETags of a request as the site has sent them, whatever was compressed on the way.
    """

    def process_request(self, request: HttpRequest) -> None:
        for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
            if name in request.META:
                request.META[name] = without_encodings(request.META[name])

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        method = request.method
        if method == "HEAD":  # Django leaves it out, but here a view makes the same body for both.
            request.method = "GET"
        answer = super().process_response(request, response)
        request.method = method
        return refused(request, VersionConflict()) if answer.status_code == 412 != response.status_code else answer


class Cookieless:
    """Let answers that are the same for everybody carry no cookie and vary by none, whatever cookies came in.

    Django would remove a stale session, or replace a malformed CSRF token, on any page; shared caches could not keep
    that page then. Private pages do it. A refusal holds no form, and caches keep a redirect for good.
    """

    _personal = ("/accounts/", "/admin/", "/_allauth/")
    _refused = frozenset({301, 400, 404, 410, 414})

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method in SAFE_METHODS and (is_public(response) or self._is_refusal(request, response)):
            response.cookies.clear()
            names = [name for name in re.split(r",\s*", response.get("Vary", "")) if name.lower() not in {"", "cookie"}]
            if names:
                response["Vary"] = ", ".join(names)
            elif "Vary" in response:
                del response["Vary"]
        return response

    def _is_refusal(self, request: HttpRequest, response: HttpResponse) -> bool:
        return response.status_code in self._refused and not request.path.startswith(self._personal)


# Why `newsreader.front` has not read a body to its end, as it says in `environ["newsreader.unread"]`.
UNREAD: dict[str, Callable[[HttpRequest], Exception]] = {
    "body_too_large": lambda request: _too_large(request, upload_pass.is_carried(request.COOKIES)),
    "body_too_slow": lambda request: BodyTooSlow(),
    "body_incomplete": lambda request: BadRequest("the client hung up"),
    "busy": lambda request: Busy(),
}


def _too_large(request: HttpRequest, staff: bool) -> BodyTooLarge:
    return UploadForStaff() if request_limits.is_newsroom(request.path) and not staff else BodyTooLarge()


class Limits:
    """Refuse requests that no page or database can handle, before anybody reads them."""

    _control = re.compile(r"[\x00-\x1f\x7f]")

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any(map(request_limits.NUL.search, (request.path, request.META.get("QUERY_STRING", "")))):
            raise BadRequest("NUL in the address")
        if len(request.META.get("QUERY_STRING", "")) + len(request.path) > request_limits.ADDRESS:
            return refused(request, AddressTooLong())
        if why := request.META.get("newsreader.unread"):
            return refused(request, UNREAD[why](request))
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length and request.headers.get("Transfer-Encoding"):
            # WSGI would read an empty body, and the text would be lost silently.
            return refused(request, LengthMissing())
        staff = request_limits.is_newsroom(request.path) and upload_pass.is_carried(request.COOKIES)
        if length.isdecimal() and int(length) > request_limits.largest_body(request.path, staff=staff):
            return refused(request, _too_large(request, staff))
        if any(self._control.search(value) for value in request.COOKIES.values()):
            sound = {name: value for name, value in request.COOKIES.items() if not self._control.search(value)}
            request.COOKIES = sound
        return self.get_response(request)


class Waited:
    """Let a request that has waited for a thread wait the less for the database; answer 503 if no time is left."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("newsreader.busy"):
            return busy(request)
        if request.method in SAFE_METHODS:
            return self.get_response(request)
        seconds = request_limits.seconds_for_database(request.META.get("newsreader.waited", 0.0))
        if seconds >= settings.WAIT:
            return self.get_response(request)
        try:
            with lock_wait(seconds):
                return self.get_response(request)
        except Error as fault:
            if is_away(fault):
                return busy(request, fault)
            raise


class FromReplica:
    """Read a public page from a replica of the database that is up to date, unless its reader may have just written.

    Who has written comes with `new=` in the address, or with one of two cookies. A page that a replica cannot make or
    does not know yet is made again from the primary. It stands outside of whatever reads for a page, since a page and
    its version have to come from one database. Used only where DATABASE_REPLICA_URLS is set.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        alias = watching.choose() if self._may_lag(request) else None
        if alias is None:
            return self.get_response(request)
        untouched = copy.copy(request)
        with reading_from(alias):
            response = self.get_response(request)
        if response.status_code < 400:
            return response
        again = self.get_response(untouched)
        if again.status_code < 500 <= response.status_code:
            watching.leave_out(alias)
        return again

    def _may_lag(self, request: HttpRequest) -> bool:
        if request.method not in {"GET", "HEAD"} or "new" in request.GET:
            return False
        if {settings.SESSION_COOKIE_NAME, sessions.COOKIE} & request.COOKIES.keys():
            return False
        try:
            return is_for_everybody(resolve(request.path_info).func)
        except Resolver404:
            return False


class Slashes:
    """Answer an address without its last slash as with it, under /api/, and everywhere for a method that writes.

    Django would redirect: clients follow with a GET, and what was sent is lost. Pages that are read are redirected.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        matters = path.startswith("/api/") or request.method not in SAFE_METHODS
        if matters and not path.endswith("/") and not _view_at(path) and _view_at(f"{path}/"):
            request.path, request.path_info = f"{request.path}/", f"{path}/"
        return self.get_response(request)


def _view_at(path: str) -> str:
    """Return the name of the view at this path; empty for none, and for the admin's that only adds a slash."""
    try:
        name = getattr(resolve(path).func, "__name__", "view")
    except Resolver404:
        return ""
    return "" if name == AdminSite.catch_all_view.__name__ else name


class Sender:
    """Accept a form with a valid token where the browser does not say where it comes from (`newsreader.kit.forgery`).

    Django's CSRF check, which comes next, would refuse that. A sender that is named must be this site, as ever.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if request.method in SAFE_METHODS or getattr(view, "csrf_exempt", False):
            return
        if not forgery.names_another_site(request):
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"


class Locale:
    """Write dates as the newspaper does, on its pages. A page has read the site's row anyway.

    A form that is sent is mostly answered by a redirect; where a page answers it, its frame settles the language.
    """

    # These write no dates for people.
    _none = re.compile(
        r"/(api|_allauth|media|static|oembed|sitemaps)/|/(healthz|readyz|metrics|robots\.txt)|/comments/\d+/$|.*(/feed/|\.xml$)"
    )
    # One's data is put into words before its page is written.
    _answered = re.compile(r"/accounts/my-data/|/my-data/")

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._none.match(request.path):
            return self.get_response(request)
        is_read = request.method in {"GET", "HEAD"} or self._answered.match(request.path)
        with settled(request, current_site(request).language) if is_read else left_open(request):
            return self.get_response(request)


class Known:
    """Set or delete the cookie `known` when somebody signs in or out, asks to be remembered or forgotten, or posts."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        seconds = sessions.KNOWN.get(request)
        if seconds:
            response.set_cookie(
                sessions.COOKIE, "1", max_age=seconds, secure=settings.SECURE, httponly=False, samesite="Lax"
            )
        elif seconds == 0:
            response.delete_cookie(sessions.COOKIE, samesite="Lax")
        return response


class Refusals:
    """Show a refusal as a page, that of a method too. Apps get none; under /api/ `newsreader.api.explain` answers."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.path.startswith("/_allauth/"):
            return response
        page = private(refused(request, MethodNotAllowed()))
        page["Allow"] = response["Allow"]
        return page

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if is_away(exception):
            return busy(request, exception)
        if isinstance(exception, Busy):
            return busy(request)
        return private(refused(request, exception)) if isinstance(exception, DomainError) else None
