"""Signing in by a code from one's mail, without leaving the page one is on.

The library's counting, with two differences: any address gets a code, so that nobody learns which have an account;
and an address without one gets an account once its code is entered. So the code waits under a key of our own: the
library's pages for codes know nothing of it, and nothing that they await is taken for one of ours.
"""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import EmailAddress, Login
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsreader.accounts.identities import shown_name
from newsreader.accounts.models import User
from newsreader.kit.errors import FieldError, Invalid, TooMany

IN_SESSION = "code_to_sign_in"


class TooManyCodes(TooMany):
    code = "too_many_codes"
    sentence = gettext_lazy("Codes have been asked for too often. Please wait a minute.")


class Awaited(AbstractCodeVerificationProcess):
    """The library's counting of attempts and minutes, for a code that waits in the session under a key of ours."""

    def __init__(self, request: HttpRequest, key: str, state: dict[str, Any]):
        self.request, self.key = request, key
        super().__init__(
            max_attempts=app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS,
            timeout=app_settings.LOGIN_BY_CODE_TIMEOUT,
            state=state,
        )

    def persist(self) -> None:
        self.request.session[self.key] = self.state

    def abort(self) -> None:
        self.request.session.pop(self.key, None)

    def send(self) -> None:
        adapter = get_adapter()
        self.state["code"] = adapter.generate_login_code()
        context = {"request": self.request, "code": self.state["code"]}
        adapter.send_mail("account/email/login_code", self.state["email"], context)
        self.persist()

    def check(self, typed: str) -> None:
        """Use the code up if this is it. Raises Invalid for a wrong one, which counts."""
        if not compare_user_code(actual=typed, expected=self.code):
            left = self.record_invalid_attempt()
            sentence = (
                _("This is not the code in the mail.") if left else _("That was wrong too often. Ask for another.")
            )
            raise Invalid([FieldError("code", "code_wrong" if left else "code_expired", sentence)])
        self.abort()


def too_old() -> Invalid:
    return Invalid([FieldError("code", "code_expired", _("This code is too old. Please ask for another."))])


def send(request: HttpRequest, email: str) -> None:
    """Mail a code to this address and remember in the session that it is awaited. Raises TooManyCodes."""
    email = email.strip().lower()
    if not ratelimit.consume(request, app="allauth.account", action="request_login_code", key=email):
        raise TooManyCodes(60)
    Awaited(request, IN_SESSION, Awaited.initial_state(user=None, email=email)).send()


def awaited(request: HttpRequest) -> str:
    """Return the address whose code this visitor is about to enter, or an empty string."""
    process = _pending(request)
    return str(process.state["email"]) if process else ""


def enter(request: HttpRequest, typed: str, name: str, back: str) -> HttpResponse:
    """Sign in whoever entered the right code; answers with the way on. Raises Invalid for a wrong code, or none left.

    `name` becomes the name of a new account. Somebody with a second factor is asked for it next.
    """
    process = _pending(request)
    if process is None:
        raise too_old()
    process.check(typed)
    email = str(process.state["email"])
    user = _owner(email) or _new(request, email, name)
    if not user.is_active:
        raise Invalid([FieldError("code", "account_closed", _("This account has been closed."))])
    record_authentication(request, user, method="code", email=email)
    return perform_login(request, Login(user=user, redirect_url=back, email=email))


def forget(request: HttpRequest) -> None:
    """Await no code any more."""
    request.session.pop(IN_SESSION, None)


def _pending(request: HttpRequest) -> Awaited | None:
    state = request.session.get(IN_SESSION)
    process: Awaited | None = Awaited(request, IN_SESSION, state).abort_if_invalid() if state else None
    return process


def _owner(email: str) -> User | None:
    """Return who has proved that this address is theirs. An address that was only claimed opens no account."""
    found = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    return found.user if found else None


def _new(request: HttpRequest, email: str, name: str) -> User:
    name = shown_name(name)
    username = get_adapter(request).generate_unique_username([name[:60], "reader"])
    user = User(username=username, name=name, email=email)
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    except IntegrityError:  # Entered twice in the same instant.
        owner = _owner(email)
        if owner is None:
            raise
        return owner
    return user
