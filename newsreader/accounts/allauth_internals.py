"""What we need of allauth that has no public API. Its `internal` packages are imported only here.

Each function has our own name, signature and docstring, so that a new version of the library can be checked by reading
this file. Public APIs are imported where they are used. Before adding something, make sure that no adapter method,
signal, form, view or `utils` function of the library does it. What few pages need is imported by its function.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, Literal

from allauth.account.internal.flows import login as _login
from allauth.account.internal.flows import reauthentication as _reauthentication
from allauth.account.internal.flows.email_verification_by_code import EmailVerificationProcess
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.core.internal import ratelimit as _ratelimit
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit as _statekit
from django.http import HttpRequest, HttpResponse

from newsreader.accounts import mailed_codes, sign_in_trips
from newsreader.accounts.models import User
from newsreader.kit.clock import SLACK
from newsreader.kit.request_attributes import RequestAttribute

_UNSENT: RequestAttribute[bool] = RequestAttribute("unsent")
_MAILED = "mailed_code"  # In the session: the code that its owner has in a mail.
_OF_A_MAIL = ("code", "at", "mailed_at")  # What of the library's state it holds; the last is ours.

# --- Rate limits --------------------------------------------------------------------------------------------------


def consume_rate_limit(
    request: HttpRequest, action: str, *, app: Literal["account", "mfa"] = "account", key: str = "", user: Any = None
) -> bool:
    """Count an attempt against the library's limit named `action`. Returns False if the limit is used up.

    `key` or `user` say whose limit it is, unless it is one per IP address. Also counts GET. The library's public
    `consume` ignores GET, and only knows the limits of `account`.
    """
    found = _ratelimit.consume(request, app=f"allauth.{app}", action=action, key=key or None, user=user, limit_get=True)
    return found is not None


def count_with_a_clock_that_goes_back() -> None:
    """Have the library's limits forget attempts that were counted before the clock was set back.

    They would count until the clock has caught up, since the library takes them for the newest.
    """
    apply_rate = _ratelimit.apply_rate

    def applied(history: list[float], now: float, rate: Any, **options: Any) -> tuple[bool, list[float]]:
        known = [at for at in history if at <= now + SLACK.total_seconds()]
        answer: tuple[bool, list[float]] = apply_rate(known, now, rate, **options)
        return answer

    _ratelimit.apply_rate = applied


# --- Authentication -----------------------------------------------------------------------------------------------


def record_email_code(request: HttpRequest, user: User, email: str, *, reauthenticated: bool = False) -> None:
    """Record in the session that this person has just authenticated with a code sent to this address.

    `reauthenticated`: they were signed in already. Sends the signal `authentication_step_completed`.
    """
    extra = {"reauthenticated": True} if reauthenticated else {}
    _login.record_authentication(request, user, method="code", email=email, **extra)


def suspend_request(request: HttpRequest, page: str) -> HttpResponse:
    """Redirect to a page for reauthentication; a POST and its data are kept in the session."""
    answer: HttpResponse = _reauthentication.suspend_request(request, page)
    return answer


def resume_request(request: HttpRequest) -> HttpResponse | None:
    """Answer the suspended POST, or redirect to `next`; None if there is neither."""
    answer: HttpResponse | None = _reauthentication.resume_request(request)
    return answer


def keep_codes_that_were_mailed() -> None:
    """Have the code of an earlier mail stay right in this session where the mail with a newer one is not sent.

    The library puts a new code into the session whatever became of its mail.
    """

    def keeping(send: Any) -> Any:
        def sending(self: Any, *args: Any, **options: Any) -> None:
            _UNSENT.set(self.request, False)
            self.state.pop("mailed_at", None)
            send(self, *args, **options)
            whose = [type(self).__name__, self.state.get("email"), self.state.get("user_id")]
            if not _UNSENT.get(self.request):
                self.state["mailed_at"] = time.time()
                kept = {name: self.state.get(name) for name in _OF_A_MAIL}
                self.request.session[_MAILED] = {"whose": whose} | kept
                return
            kept = self.request.session.get(_MAILED)
            if isinstance(kept, dict) and kept["whose"] == whose and 0 <= time.time() - kept["at"] <= self.timeout:
                self.state |= {name: kept.get(name) for name in _OF_A_MAIL}

        return sending

    for process in (EmailVerificationProcess, LoginCodeVerificationProcess):
        process.send = keeping(process.send)


def have_newer_codes_replace_older_ones() -> None:
    """Have the library take no code that is not the newest which was mailed to its address, whoever asked for that.

    A code that was replaced is wrong like any other, so that nobody learns whether somebody else has asked for one.
    """

    def newest(name: str) -> Any:
        def code(self: Any) -> str:
            at = self.state.get("mailed_at")
            if at is not None and mailed_codes.is_replaced(name, self.state.get("email", ""), at):
                return ""
            return str(self.state.get("code") or "")

        return property(code)

    EmailVerificationProcess.code = newest(mailed_codes.CONFIRM_EMAIL)
    LoginCodeVerificationProcess.code = newest(mailed_codes.LOGIN_CODE)


def note_unsent(request: HttpRequest) -> None:
    """Say that the mail which was just asked for is not sent."""
    _UNSENT.set(request, True)


def forget_mailed_code(request: HttpRequest) -> None:
    """Forget it once it was used, or tried too often."""
    request.session.pop(_MAILED, None)


# --- Passkeys -----------------------------------------------------------------------------------------------------


def begin_passkey_sign_in() -> dict[str, Any]:
    """Return the options for `navigator.credentials.get()`, for anybody's passkey.

    The challenge is kept in the session of the current request (`allauth.core.context`).
    """
    from allauth.mfa.webauthn.internal import auth as _webauthn

    options: dict[str, Any] = _webauthn.begin_authentication(user=None)
    return options


def sign_in_by_passkey(request: HttpRequest, passkey: Authenticator, back: str) -> HttpResponse:
    """Sign in the owner of a passkey that the library's form has checked, and redirect to `back`."""
    from allauth.mfa.webauthn.internal import flows as _webauthn_flows

    login = Login(user=passkey.user, redirect_url=back)
    answer: HttpResponse = _webauthn_flows.perform_passwordless_login(request, passkey, login)
    return answer


# --- Login providers ----------------------------------------------------------------------------------------------


def provider_state(request: HttpRequest, state_id: str) -> dict[str, Any]:
    """Return what was stored when signing in with a provider began (`next`, `process`), by its `state` parameter.

    Empty if nothing with this `state` began in this browser. The stored data stays.
    """
    if (trip := sign_in_trips.under_way(request, state_id)) is not None:
        return trip
    kept = _statekit.get_states(request).get(state_id)
    return dict(kept[0]) if kept else {}


def forget_provider_states(request: HttpRequest) -> None:
    """Cancel all sign-ins with providers that began in this browser: answers to them are refused."""
    sign_in_trips.cancel(request)
    request.session.pop(_statekit.STATES_SESSION_KEY, None)


def keep_trips_of_strangers_in_cookies() -> None:
    """Have the library begin no session for somebody who only sets out to a provider (`sign_in_trips`)."""
    stash, unstash = _statekit.stash_state, _statekit.unstash_state

    def stashed(request: HttpRequest, *, provider_id: str, state: dict[str, Any], state_id: str | None = None) -> str:
        if not request.session.is_empty() and request.session.keys():  # The second asks whether it still exists.
            kept: str = stash(request, provider_id=provider_id, state=state, state_id=state_id)
            return kept
        begun: str = state_id or get_adapter(request).generate_state_param(state)
        sign_in_trips.begin(request, begun, provider_id, state)
        return begun

    def unstashed(
        request: HttpRequest, *, state_id: str, provider_id: str, raises: bool = False
    ) -> dict[str, Any] | None:
        trip = sign_in_trips.end(request, state_id, provider_id)
        if trip is not None:
            return trip
        kept: dict[str, Any] | None = unstash(request, state_id=state_id, provider_id=provider_id, raises=raises)
        return kept

    _statekit.stash_state, _statekit.unstash_state = stashed, unstashed


def verified_claims(id_token: str, *, keys_url: str, issuers: Collection[str], audience: list[str]) -> dict[str, Any]:
    """Return the claims of an OpenID Connect `id_token`, signed with one of the keys at `keys_url`.

    Fetches the keys. Raises OAuth2Error if it is forged, expired, for another audience, or was used before.
    """
    from allauth.socialaccount.internal import jwtkit as _jwtkit

    claims: dict[str, Any] = _jwtkit.verify_and_decode(
        credential=id_token,
        keys_url=keys_url,
        issuer=list(issuers),
        audience=audience,
        lookup_kid=_jwtkit.lookup_kid_jwk,
    )
    return claims
