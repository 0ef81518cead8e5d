"""Making sure that it is still you, before a change that would let somebody else into the account.

The library asks people with a password or a second factor to prove themselves once more, and lets everybody else
pass. Here the others prove themselves, too: by having signed in a moment ago, by a code from their mail, or by signing
in again. A view is guarded by wrapping it in `confirmed`, in newsreader.accounts.urls.
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
    """Say whether whoever asks has to prove first that they are still the person who signed in."""
    user = request.user
    if not user.is_authenticated:
        return True
    records = get_authentication_records(request, user)
    if has_better_means(user):  # Then having signed in is not enough.
        records = [record for record in records if record.get("reauthenticated")]
    latest = max((record.get("at", 0) for record in records), default=0)
    return bool(time.time() - latest >= app_settings.REAUTHENTICATION_TIMEOUT)


def has_better_means(user: Any) -> bool:
    """Say whether this person has a password or a factor, so that the library's own pages ask for it."""
    return bool(user.is_authenticated and (user.has_usable_password() or is_mfa_enabled(user)))


def ask(request: HttpRequest, back: str = "") -> HttpResponse:
    """Answer with the way to the page where people prove themselves.

    From there they come `back`; where that is empty, what was sent now is kept and done then.
    """
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    page = methods[0]["url"] if methods else reverse("confirm_it_is_you")
    if back:
        return redirect(f"{page}?{urlencode({'next': back})}")
    return allauth_internals.suspend_request(request, page)


def confirmed(view: View, *, only: Collection[str] = ()) -> View:
    """Let a view be reached by people who have just proved themselves; `only` with these methods, else with any."""

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        guarded = not only or request.method in only
        if guarded and request.user.is_authenticated and must_confirm(request):
            return ask(request, "" if only else request.path)
        return view(request, *args, **kwargs)

    return asking


# --- By a code from one's mail ------------------------------------------------------------------------------------


def send_code(request: HttpRequest) -> None:
    """Mail a code to the verified address of whoever is signed in. Raises TooManyCodes."""
    user = signed_in_user(request)
    address = verified_address(user)
    if not address:
        return
    if not allauth_internals.consume_rate_limit(request, "request_login_code", key=address.lower()):
        raise TooManyCodes(60)
    Awaited.send(request, IN_SESSION, address, user=user)


def awaited_from(request: HttpRequest) -> str:
    """Return the address whose code is awaited, or an empty string."""
    code = _awaited(request)
    return code.email if code else ""


def enter_code(request: HttpRequest, typed: str) -> None:
    """Take the code from the mail as proof. Raises Invalid where it is wrong or too old, TooManyCodes."""
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


# --- Ways in ------------------------------------------------------------------------------------------------------


def ways_in(user: User, *, without: SocialAccount | EmailAddress | None = None) -> set[str]:
    """Return how this person could still sign in without this connected account or address.

    `code` (by mail), `password`, `passkey`, and our names of login providers. The library lets passwords and passkeys
    open nothing before some address is verified, so without any address they are no way in.
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
