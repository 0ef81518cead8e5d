"""The identity under which a session comments, and the cookie `known`, which scripts can read.

The cookie only holds `1`: while somebody is signed in, wants to be remembered, or may change what they have just
posted. It tells a public page that a request for the private fragment is worth it. `newsreader.middleware.Known` sets
it.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import (
    authentication_step_completed,
    email_verification_code_rejected,
    login_code_rejected,
)
from allauth.account.signals import user_logged_in as entered
from allauth.socialaccount.models import SocialLogin
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils.translation import gettext

from newsreader.accounts import allauth_internals, login_codes
from newsreader.accounts.identities import IN_SESSION, take_over
from newsreader.accounts.models import User
from newsreader.kit.request_attributes import RequestAttribute
from newsreader.mailing import suppression
from newsreader.mailing.suppression import Reason

COOKIE = "known"
YEAR = 31_536_000  # seconds
KNOWN: RequestAttribute[int] = RequestAttribute("known")  # for how many seconds the answer sets it; 0: removes it


def remember(request: HttpRequest, seconds: int = YEAR) -> None:
    """Have the answer to this request set the cookie for so long, or remove it."""
    KNOWN.set(request, seconds)


def remember_for(request: HttpRequest, seconds: int) -> None:
    """Have the answer set the cookie for so long, unless this browser has it anyway."""
    if seconds and COOKIE not in request.COOKIES:
        remember(request, seconds)


def _signed_in(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None:
        remember(request)
        request.session.pop(IN_SESSION, None)
        login_codes.forget(request)
        allauth_internals.forget_mailed_code(request)


def _rejected(sender: Any, request: HttpRequest, last_attempt: bool, **_: Any) -> None:
    if last_attempt:
        allauth_internals.forget_mailed_code(request)


def _entered(sender: Any, request: HttpRequest, user: User, sociallogin: SocialLogin | None = None, **_: Any) -> None:
    # Who did not want codes that others had asked for may want their own again.
    mine = list(EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True))
    stopped = suppression.reasons_of(mine)
    if any(Reason.NOT_ME in reasons for reasons in stopped.values()):
        suppression.lift(mine, [Reason.NOT_ME])
    # A code that was mailed there was entered: mail arrives again.
    bounced = {address for address, reasons in stopped.items() if Reason.BOUNCED in reasons}
    records = get_authentication_records(request, user) if bounced else []
    if arriving := bounced & {record.get("email") for record in records if record.get("method") == "code"}:
        suppression.lift(arriving, [Reason.BOUNCED])
    for address in sorted(bounced - arriving):
        said = gettext("Email to %s came back. Please look at your addresses.") % address
        get_adapter(request).add_message(request, messages.WARNING, message=said)
    if sociallogin is not None:
        request.session[IN_SESSION] = take_over(sociallogin, user).pk


def _authenticated(sender: Any, request: HttpRequest, method: str, user: User, email: str = "", **_: Any) -> None:
    """Remove the password of an account that never verified this address, now that its owner signs in with a code.

    Otherwise, whoever registered the address before could share the account (pre-hijacking).
    """
    if method == "code" and email and user.has_usable_password():
        if not EmailAddress.objects.filter(user=user, email=email.lower(), verified=True).exists():
            user.set_unusable_password()
            user.save(update_fields=["password"])


def _signed_out(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None:
        remember(request, 0)


def listen() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="known-signed-in")
    user_logged_out.connect(_signed_out, dispatch_uid="known-signed-out")
    authentication_step_completed.connect(_authenticated, dispatch_uid="address-proved")
    login_code_rejected.connect(_rejected, dispatch_uid="login-code-rejected")
    email_verification_code_rejected.connect(_rejected, dispatch_uid="verification-code-rejected")
    entered.connect(_entered, dispatch_uid="identity-entered")
