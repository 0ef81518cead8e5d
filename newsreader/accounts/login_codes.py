"""Signing in with a code from a mail, without leaving the page.

With the library's limits, but two differences: every address gets a code, so that nobody learns which have an account;
and an address without an account gets one when its code is entered. The code is stored in the session under our own
key, so that the library's pages for codes do not accept it, and ours do not accept theirs.
The newest code that was mailed to an address is the right one, whoever asked for it: those before are not any more.
What a code looks like, the library decides (`generate_login_code` of its adapter, which `adapters` may override).
How long a code is valid: `ACCOUNT_LOGIN_BY_CODE_TIMEOUT` in the settings, three minutes unless set.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.utils import perform_login
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsreader.accounts import allauth_internals, mailed_codes
from newsreader.accounts.events import AddressConfirmed
from newsreader.accounts.identities import shown_name
from newsreader.accounts.models import User
from newsreader.kit.errors import FieldError, Invalid, TooMany
from newsreader.kit.events import publish

IN_SESSION = "code_to_sign_in"


class TooManyCodes(TooMany):
    code = "too_many_codes"
    sentence = gettext_lazy("Too many codes were requested. Please wait a minute.")


class Awaited:
    """A mailed code that is awaited, stored in the session. The library's limits of attempts and time apply."""

    def __init__(self, request: HttpRequest, key: str, state: dict[str, Any]):
        self.request, self.key, self.state = request, key, state

    @classmethod
    def send(cls, request: HttpRequest, key: str, email: str, user: User | None = None) -> None:
        """Mail a new code to this address; `user`: only for this signed-in person. Replaces an earlier code.

        If no more mails may be sent to the address, the code that it has got stays right, and nobody sees a difference.
        """
        adapter = get_adapter(request)
        code = adapter.generate_login_code()
        is_sent = adapter.send_mail("account/email/login_code", email, {"request": request, "code": code})
        state = {"code": code, "email": email, "at": time.time(), "failed_attempts": 0}
        state |= {"user_id": str(user.pk)} if user else {}
        earlier = None if is_sent else cls.find(request, key)
        if earlier is None or any(earlier.state.get(name) != state.get(name) for name in ("email", "user_id")):
            request.session[key] = state

    @classmethod
    def find(cls, request: HttpRequest, key: str) -> Awaited | None:
        """Return the code that is awaited; None if there is none or it has expired."""
        state = request.session.get(key)
        if not isinstance(state, dict):
            return None
        if time.time() - state["at"] > app_settings.LOGIN_BY_CODE_TIMEOUT:
            del request.session[key]
            return None
        return cls(request, key, state)

    @property
    def email(self) -> str:
        return str(self.state["email"])

    def is_for(self, user: Any) -> bool:
        return bool(self.state.get("user_id") == str(user.pk))

    def check(self, typed: str) -> None:
        """Use up the code if it is right. Raises Invalid for a wrong one, which counts as an attempt, and for one that
        a newer one has replaced."""
        if not constant_time_compare(_bare(typed), _bare(self.state["code"])):
            self.state["failed_attempts"] += 1
            left = self.state["failed_attempts"] < app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS
            if left:
                self.request.session[self.key] = self.state
            else:
                del self.request.session[self.key]
            sentence = (
                _("That is not the code we sent you.")
                if left
                else _("Too many wrong attempts. Please ask for a new code.")
            )
            raise Invalid([FieldError("code", "code_wrong" if left else "code_expired", sentence)])
        del self.request.session[self.key]
        # Only of the right one: nobody else learns whether somebody has asked for a code.
        if mailed_codes.is_replaced(mailed_codes.LOGIN_CODE, self.email, self.state["at"]):
            raise too_old()


def _bare(code: str) -> str:
    """Return a code in lower case without dashes and blanks, as these do not matter."""
    return "".join(character for character in code if character.isalnum()).lower()


def too_old() -> Invalid:
    return Invalid([FieldError("code", "code_expired", _("This code has expired. Please ask for a new one."))])


def send(request: HttpRequest, email: str) -> None:
    """Mail a code to this address and store it in the session. Raises TooManyCodes."""
    email = email.strip().lower()
    if not allauth_internals.consume_rate_limit(request, "request_login_code", key=email):
        raise TooManyCodes(60)
    Awaited.send(request, IN_SESSION, email)


def awaited(request: HttpRequest) -> str:
    """Return the address whose code is awaited; empty if none is."""
    code = Awaited.find(request, IN_SESSION)
    return code.email if code else ""


def enter(request: HttpRequest, typed: str, name: str, back: str) -> HttpResponse:
    """Sign in with the right code, and redirect. Raises Invalid if it is wrong or has expired.

    `name` is for a new account. People with a second factor are asked for it next.
    """
    code = Awaited.find(request, IN_SESSION)
    if code is None:
        raise too_old()
    code.check(typed)
    email = code.email
    user = _owner(email) or _new(request, email, name)
    if not user.is_active:
        raise Invalid([FieldError("code", "account_closed", _("This account has been closed."))])
    allauth_internals.record_email_code(request, user, email)
    answer: HttpResponse = perform_login(request, user, redirect_url=back, email=email)
    return answer


def forget(request: HttpRequest) -> None:
    """Forget the code that is awaited."""
    request.session.pop(IN_SESSION, None)


def _owner(email: str) -> User | None:
    """Return the account that has verified this address. An unverified address signs in to no account."""
    found = EmailAddress.objects.filter(email=email.lower(), verified=True).select_related("user").first()
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
            publish(AddressConfirmed(email))
    except IntegrityError:  # Entered twice at the same moment.
        owner = _owner(email)
        if owner is None:
            raise
        return owner
    return user
