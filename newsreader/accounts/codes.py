"""Signing in by a code from one's mail, without leaving the page one is on.

The library's process, with two differences: any address gets a code, so that nobody learns which have an account;
and an address without one gets an account once its code is entered.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import EmailAddress, Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from allauth.core.internal import ratelimit
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsreader.accounts.identities import shown_name
from newsreader.accounts.models import User
from newsreader.kit.errors import FieldError, Invalid, TooMany


class TooManyCodes(TooMany):
    code = "too_many_codes"
    sentence = gettext_lazy("Codes have been asked for too often. Please wait a minute.")


class _Process(LoginCodeVerificationProcess):
    def send_by_email(self, email: str, skip_enumeration_mails: bool = False) -> None:
        context = {"request": self.request, "code": self.generate_code()}
        get_adapter().send_mail("account/email/login_code", email, context)


def send(request: HttpRequest, email: str) -> None:
    """Mail a code to this address and remember in the session that it is awaited. Raises TooManyCodes."""
    email = email.strip().lower()
    if not ratelimit.consume(request, app="allauth.account", action="request_login_code", key=email):
        raise TooManyCodes(60)
    user = _owner(email)
    login = Login(user=user, email=email, state={"stages": {"current": LoginByCodeStage.key}})
    stage = LoginByCodeStage(LoginStageController(request, login), request, login)
    stage.state.update(_Process.initial_state(user=user, email=email) | {"initiated_by_user": True})
    process = _Process(stage=stage)
    process.send()
    process.persist()


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
        raise Invalid([FieldError("code", "code_expired", _("This code is too old. Please ask for another."))])
    if not constant_time_compare(_bare(typed), _bare(process.code)):
        left = process.record_invalid_attempt()
        sentence = _("This is not the code in the mail.") if left else _("That was wrong too often. Ask for another.")
        raise Invalid([FieldError("code", "code_wrong" if left else "code_expired", sentence)])
    email = str(process.state["email"])
    user = _owner(email) or _new(request, email, name)
    process.abort()
    record_authentication(request, user, method="code", email=email)
    return perform_login(request, Login(user=user, redirect_url=back, email=email))


def forget(request: HttpRequest) -> None:
    """Await no code any more."""
    if process := _pending(request):
        process.abort()


def _pending(request: HttpRequest) -> _Process | None:
    stage = LoginStageController.enter(request, LoginByCodeStage.key)
    if stage is None or not stage.state.get("email"):
        return None
    process: _Process | None = _Process(stage=stage).abort_if_invalid()
    return process


def _bare(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter.isalnum())


def _owner(email: str) -> User | None:
    """Return who has proved that this address is theirs. An address that was only claimed opens no account."""
    address = EmailAddress.objects.filter(email__iexact=email, verified=True, user__is_active=True)
    found = address.select_related("user").first()
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
