"""What we need of allauth and it offers in no public way. Its `internal` packages are imported here and nowhere else.

Each function is plain and has a name, a signature and a docstring of ours, so that a new version of the library
is checked by reading this file. What is public is imported where it is used. To add something: make sure first that
no adapter method, signal, form, view or `utils` function of the library does it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from allauth.account.internal.flows import login as _login
from allauth.account.internal.flows import reauthentication as _reauthentication
from allauth.account.models import Login
from allauth.core.internal import ratelimit as _ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as _webauthn
from allauth.mfa.webauthn.internal import flows as _webauthn_flows
from allauth.socialaccount.internal import jwtkit as _jwtkit
from allauth.socialaccount.internal import statekit as _statekit
from django.http import HttpRequest, HttpResponse

from newsreader.accounts.models import User

# --- Rate limits --------------------------------------------------------------------------------------------------


def consume_rate_limit(
    request: HttpRequest, action: str, *, app: Literal["account", "mfa"] = "account", key: str = "", user: Any = None
) -> bool:
    """Count one more attempt against the library's limit named `action`; False where it is used up.

    `key` or `user` say whose limit it is, where the limit is not one for each IP address. Counts GET as well. The
    library's public `consume` leaves out GET and knows no limits but those of `account`.
    """
    found = _ratelimit.consume(request, app=f"allauth.{app}", action=action, key=key or None, user=user, limit_get=True)
    return found is not None


# --- Proofs of who somebody is ------------------------------------------------------------------------------------


def record_email_code(request: HttpRequest, user: User, email: str, *, reauthenticated: bool = False) -> None:
    """Note in the session that this person has just proved themselves by a code sent to this address.

    `reauthenticated` where they were signed in already. Sends the signal `authentication_step_completed`.
    """
    extra = {"reauthenticated": True} if reauthenticated else {}
    _login.record_authentication(request, user, method="code", email=email, **extra)


def suspend_request(request: HttpRequest, page: str) -> HttpResponse:
    """Redirect to a page where people prove themselves; a POST is kept in the session, with what was sent."""
    answer: HttpResponse = _reauthentication.suspend_request(request, page)
    return answer


def resume_request(request: HttpRequest) -> HttpResponse | None:
    """Answer the POST that was suspended, or redirect to `next`; None where there is neither."""
    answer: HttpResponse | None = _reauthentication.resume_request(request)
    return answer


# --- Passkeys -----------------------------------------------------------------------------------------------------


def begin_passkey_sign_in() -> dict[str, Any]:
    """Return the options for `navigator.credentials.get()`, for anybody's passkey.

    The challenge is kept in the session of the request that is just being answered (`allauth.core.context`).
    """
    options: dict[str, Any] = _webauthn.begin_authentication(user=None)
    return options


def sign_in_by_passkey(request: HttpRequest, passkey: Authenticator, back: str) -> HttpResponse:
    """Sign in the owner of a passkey that the library's form has checked, and redirect to `back`."""
    login = Login(user=passkey.user, redirect_url=back)
    answer: HttpResponse = _webauthn_flows.perform_passwordless_login(request, passkey, login)
    return answer


# --- Login providers ----------------------------------------------------------------------------------------------


def provider_state(request: HttpRequest, state_id: str) -> dict[str, Any]:
    """Return what was kept at the start of a trip to a provider (`next`, `process`), by the trip's `state` parameter.

    Empty where no such trip has begun in this session. It stays kept.
    """
    kept = _statekit.get_states(request).get(state_id)
    return dict(kept[0]) if kept else {}


def forget_provider_states(request: HttpRequest) -> None:
    """Call off all trips to providers that have begun in this session: answers to them sign nobody in."""
    request.session.pop(_statekit.STATES_SESSION_KEY, None)


def verified_claims(id_token: str, *, keys_url: str, issuers: Collection[str], audience: list[str]) -> dict[str, Any]:
    """Return the claims of an OpenID Connect `id_token`, signed with one of the keys at `keys_url`.

    Asks for the keys. Raises OAuth2Error where it is forged, over, somebody else's, or was used before.
    """
    claims: dict[str, Any] = _jwtkit.verify_and_decode(
        credential=id_token,
        keys_url=keys_url,
        issuer=list(issuers),
        audience=audience,
        lookup_kid=_jwtkit.lookup_kid_jwk,
    )
    return claims
