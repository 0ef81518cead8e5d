"""Sessions; before allauth's views: second factors of staff, parameters of sign-ins, malformed answers of providers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.core.ratelimit import respond_429
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from requests import RequestException

from newsreader.accounts import allauth_internals, second_factor, sign_in_trips
from newsreader.accounts.forms import MALFORMED
from newsreader.accounts.reauthentication import ask, must_confirm
from newsreader.accounts.session_user import user_of
from newsreader.kit.http_cache import private
from newsreader.kit.languages import spoken
from newsreader.kit.page_language import settled
from newsreader.kit.problem_details import problem
from newsreader.kit.request_attributes import RequestAttribute

logger = logging.getLogger(__name__)
APPS = "/_allauth/"
# The stored `next` and `process`, on requests that begin or end signing in with a provider.
SIGN_IN_STATE: RequestAttribute[dict[str, Any]] = RequestAttribute("sign_in_state")
PASSKEYS = {"mfa_login_webauthn", "headless:app:mfa:login_webauthn"}


class Sessions(SessionMiddleware):
    """Django's, but what a script has fetched does not remove the cookie of a session that is not known.

    Signing in gives the session another key. A request that was under way with the old key finds no session, and its
    answer, which comes last, would remove the new cookie: whoever had just signed in would be signed out.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        sign_in_trips.write(request, response)
        is_a_page = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if not request.session.modified and not is_a_page:
            response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        return response


class Rights:
    """Withholds the newsroom's rights from a session without its second factor. Reads no session until asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = SimpleLazyObject(lambda: second_factor.acting(user_of(request), request.session))
        request.user = user
        return self.get_response(request)


class AccountGuard:
    """Lets no link choose scopes at a provider, and turns malformed answers and requests into refusals."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/admin/", "/api/")) and second_factor.is_missing(request.user, request.session):
            return self.without_factor(request)
        if request.path.startswith(APPS) and not _is_readable(request.body):
            return _malformed()
        # Public pages are the same for everybody, in the site's language. These pages are for one person.
        if request.path.startswith(("/accounts/", "/admin/")) and (language := _language(request)):
            with settled(request, language):
                return self.get_response(request)
        return self.get_response(request)

    def without_factor(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return problem(403, second_factor.CODE, str(second_factor.SENTENCE))
        messages.warning(request, second_factor.SENTENCE)
        return private(redirect("mfa_index"))

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.resolver_match and request.resolver_match.view_name in PASSKEYS and request.method == "GET":
            # Each begins a session, which is a row, and the library does not limit them.
            if not allauth_internals.consume_rate_limit(request, "webauthn_login", app="mfa"):
                limited: HttpResponse = respond_429(request)
                return limited
        match _step(request):
            case "login":
                # `scope`, `auth_params` and `action` would be copied into the request to the provider.
                request.GET, request.POST = QueryDict(_wanted(request.GET)), QueryDict(_wanted(request.POST))
                SIGN_IN_STATE.set(request, {"next": get_next_redirect_url(request), "process": "login"})
                connects = "connect" in {request.GET.get("process"), request.POST.get("process")}
                if connects and request.method == "POST" and request.user.is_authenticated and must_confirm(request):
                    return private(ask(request))
            case "callback":
                SIGN_IN_STATE.set(request, allauth_internals.provider_state(request, request.GET.get("state", "")))
            case "login_by_token":
                raise Http404  # For the providers' scripts, which we do not use.
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show the page for a failed sign-in if a provider cannot be reached, or if its answer is malformed.

        Refuse malformed data that an app sends as a provider's answer, or as a passkey's.
        """
        if request.path.startswith(APPS) and isinstance(exception, (*MALFORMED, RequestException)):
            logger.warning("An app sent malformed data: %s", type(exception).__name__, exc_info=exception)
            return _malformed()
        state = SIGN_IN_STATE.get(request)
        if isinstance(exception, Http404 | SuspiciousOperation) or state is None:
            return None
        logger.warning("A provider's answer is malformed: %s", type(exception).__name__, exc_info=exception)
        provider = get_adapter(request).get_provider(request, _provider_of(request))
        context = {"state": state or None}
        return render_authentication_error(request, provider, exception=exception, extra_context=context)


def _is_readable(body: bytes) -> bool:
    """Say whether an app's request is empty or valid JSON: not nested too deeply, no invalid characters."""
    try:
        json.dumps(json.loads(body or b"{}"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _malformed() -> HttpResponse:
    """A refusal in the library's format for apps."""
    error = {"code": "invalid", "message": _("This request is malformed.")}
    return private(JsonResponse({"status": 400, "errors": [error]}, status=400))


def _language(request: HttpRequest) -> str:
    return spoken(request.user.language) if request.user.is_authenticated else ""


def _wanted(given: QueryDict) -> str:
    """Return the parameters that beginning to sign in may have, as a query."""
    kept = {name: str(given[name]) for name in ("next", "process") if name in given}
    if kept.get("process") not in {None, "login", "connect"}:
        del kept["process"]
    return urlencode(kept)


def _provider_of(request: HttpRequest) -> str:
    """Return allauth's name of the provider if this is its login or callback URL; else empty."""
    found = request.resolver_match
    if found is None or not found.url_name or not request.path.startswith("/accounts/"):
        return ""
    name = found.url_name
    for ending in ("_finish_callback", "_callback", "_login", "_login_by_token"):
        name = name.removesuffix(ending)
    if name == "openid_connect":
        return str(found.kwargs.get("provider_id", ""))
    return name if name in {provider.allauth for provider in settings.SIGN_IN_WITH} else ""


def _step(request: HttpRequest) -> str:
    if not _provider_of(request):
        return ""
    name = str(request.resolver_match and request.resolver_match.url_name)
    return next((step for step in ("login_by_token", "callback", "login") if name.endswith(f"_{step}")), "")
