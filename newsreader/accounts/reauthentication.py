"""Reauthentication: making sure that it is still the same person, before a change that could give others access.

The library only asks people with a password or a second factor. Here the others must reauthenticate, too: by having
signed in recently, with a code from a mail, or by signing in again. To protect a view, wrap it in `confirmed` in
newsreader.accounts.urls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from newsreader.accounts import allauth_internals
from newsreader.accounts.identities import public_name, signed_in_user, verified_address
from newsreader.accounts.login_codes import Awaited, TooManyCodes, too_old
from newsreader.accounts.models import User

IN_SESSION = "confirming"
View = Callable[..., HttpResponse]


def must_confirm(request: HttpRequest) -> bool:
    """Say whether this request needs reauthentication first."""
    user = request.user
    if not user.is_authenticated:
        return True
    records = get_authentication_records(request, user)
    if has_better_means(user):  # Then signing in is not enough.
        records = [record for record in records if record.get("reauthenticated")]
    latest = max((record.get("at", 0) for record in records), default=0)
    return bool(time.time() - latest >= app_settings.REAUTHENTICATION_TIMEOUT)


def has_better_means(user: Any) -> bool:
    """Say whether this person has a password or a second factor, which the library's own pages ask for."""
    return bool(user.is_authenticated and (user.has_usable_password() or is_mfa_enabled(user)))


def ask(request: HttpRequest, back: str = "") -> HttpResponse:
    """Redirect to the page for reauthentication, which then leads `back`.

    If `back` is empty, the present POST is kept and carried out afterwards.
    """
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    page = methods[0]["url"] if methods else reverse("confirm_it_is_you")
    if back:
        return redirect(f"{page}?{urlencode({'next': back})}")
    return allauth_internals.suspend_request(request, page)


def confirmed(view: View, *, only: Collection[str] = ()) -> View:
    """Protect a view by reauthentication, for the methods in `only`, or for all if that is empty."""

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        guarded = not only or request.method in only
        if guarded and request.user.is_authenticated and must_confirm(request):
            return ask(request, "" if only else request.path)
        return view(request, *args, **kwargs)

    return asking


# --- With a code from a mail --------------------------------------------------------------------------------------


def send_code(request: HttpRequest) -> None:
    """Mail a code to the verified address of the signed-in person. Raises TooManyCodes."""
    user = signed_in_user(request)
    address = verified_address(user)
    if not address:
        return
    if not allauth_internals.consume_rate_limit(request, "request_login_code", key=address.lower()):
        raise TooManyCodes(60)
    Awaited.send(request, IN_SESSION, address, user=user)


def awaited_from(request: HttpRequest) -> str:
    """Return the address whose code is awaited; empty if none is."""
    code = _awaited(request)
    return code.email if code else ""


def enter_code(request: HttpRequest, typed: str) -> None:
    """Reauthenticate with the code from the mail. Raises Invalid if it is wrong or has expired, TooManyCodes."""
    user = signed_in_user(request)
    if not allauth_internals.consume_rate_limit(request, "reauthenticate", user=user):
        raise TooManyCodes(60)
    code = _awaited(request)
    if code is None:
        raise too_old()
    code.check(typed)
    allauth_internals.record_email_code(request, user, code.email, reauthenticated=True)


def _awaited(request: HttpRequest) -> Awaited | None:
    code = Awaited.find(request, IN_SESSION)
    return code if code and code.is_for(request.user) else None


# --- Ways to sign in ----------------------------------------------------------------------------------------------


def ways_in(user: User, *, without: SocialAccount | EmailAddress | None = None) -> set[str]:
    """Return how this person could still sign in `without` this connected account or address.

    `code` (by mail), `password`, `passkey`, and our names of login providers. The library accepts passwords and
    passkeys only once an address is verified, so without any address they do not count.
    """
    addresses = EmailAddress.objects.filter(user=user)
    accounts = SocialAccount.objects.filter(user=user)
    if isinstance(without, EmailAddress):
        addresses = addresses.exclude(pk=without.pk)
    if isinstance(without, SocialAccount):
        accounts = accounts.exclude(pk=without.pk)
    offered = {provider.name for provider in settings.SIGN_IN_WITH}
    ways = {public_name(provider) for provider in accounts.values_list("provider", flat=True)} & offered
    verified = list(addresses.values_list("verified", flat=True))
    if any(verified):
        ways.add("code")
    if verified and user.has_usable_password():
        ways.add("password")
    if verified and any(key.wrap().is_passwordless for key in _keys(user)):
        ways.add("passkey")
    return ways


def _keys(user: User) -> Any:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
