"""allauth's hooks: how mails are sent, whom a provider's answer signs in, where a failed sign-in ends."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount import app_settings
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError, ProviderException
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext_lazy
from urllib3 import Timeout

from newsreader.accounts import (
    account_linking,
    allauth_internals,
    asked_letters,
    factor_secrets,
    letters,
    mailed_codes,
    reauthentication,
)
from newsreader.accounts.identities import provider_name
from newsreader.accounts.models import User
from newsreader.kit import field_keys
from newsreader.kit.client_address import UNKNOWN, client_address
from newsreader.kit.email_addresses import is_email, tidy_email
from newsreader.kit.tasks import task
from newsreader.kit.text import tidy
from newsreader.kit.web import absolute, safe_next
from newsreader.mailing import outbox
from newsreader.mailing.letter import hand_over, sender

logger = logging.getLogger(__name__)
# An address to return to ends with this empty parameter if it wants to be told how signing in ended.
OUTCOME = "sign_in="


@task()
def send_account_mail(subject: str, body: str, html: str, to: list[str], headers: dict[str, str] | None = None) -> None:
    """Send a mail that the release before has queued; now they go through the outbox. Goes with the next release."""
    message = EmailMultiAlternatives(subject, body, sender(), to, headers=headers)
    message.attach_alternative(html, "text/html")
    hand_over(message, "account")


class AccountAdapter(DefaultAccountAdapter):
    """Signing up and in, and mails about accounts."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": gettext_lazy("This username or password is wrong. Please try again."),
        "email_password_mismatch": gettext_lazy("This email address or password is wrong. Please try again."),
        "incorrect_password": gettext_lazy("This password is wrong. Please try again."),
        "incorrect_code": gettext_lazy("This code is wrong. Please check it."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Please try again in a few minutes."),
        "username_blacklisted": gettext_lazy("This username cannot be used. Please choose another one."),
        "username_taken": gettext_lazy("This username is already taken. Please choose another one."),
        "account_inactive": gettext_lazy("This account is not active."),
        "cannot_remove_primary_email": gettext_lazy("It stays: it is your main address, or your only way to sign in."),
        "duplicate_email": gettext_lazy("This address is already one of yours."),
        "email_taken": gettext_lazy("This address belongs to another account."),
        "enter_current_password": gettext_lazy("Please enter your current password."),
        "invalid_login": gettext_lazy("We could not sign you in with this. Please try again."),
        "invalid_or_expired_key": gettext_lazy("This code or link has expired. Please ask for a new one."),
        "invalid_password_reset": gettext_lazy("This link has expired. Please ask for a new one."),
        "max_email_addresses": gettext_lazy("You can have up to %d addresses. Please remove one first."),
        "unknown_email": gettext_lazy("There is no account with this address."),
        "unverified_primary_email": gettext_lazy("Please confirm your main address first."),
        "same_as_current": gettext_lazy("This is the same as now. Please enter a different one."),
        "rate_limited": gettext_lazy("Too many attempts. Please try again in a few minutes."),
    }

    @transaction.atomic
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> bool:
        """Queue one of the library's mails. Returns whether it will be sent; whoever asked is told the same anyway."""
        request = self.request or context.get("request")
        if not asked_letters.may_be_sent(template_prefix.rpartition("/")[2], email, request):
            if request is not None:
                allauth_internals.note_unsent(request)
            return False
        row = letters.letter(template_prefix, email, context)
        if row.name in mailed_codes.LETTERS:
            outbox.drop_replaced(row)
        outbox.enqueue([row])
        return True

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the address of the page for a new password: on SITE_URL, since who asks chooses the request's host."""
        return absolute(urlsplit(super().get_reset_password_from_key_url(key)).path)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return absolute(urlsplit(super().get_email_confirmation_url(request, emailconfirmation)).path)

    def is_safe_url(self, url: str | None) -> bool:
        """Say whether to redirect there after signing in or out: only to a path on this site, whatever its host."""
        return bool(url) and safe_next(self.request, url or "") == url

    # Hashing a password takes a time that can be measured. So every sign-up hashes one, also without a password or for
    # an address that has an account; and every attempt to sign in hashes the same number, for any user name.

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        for name in {"email", "username"} & credentials.keys():
            if is_email(address := tidy_email(credentials[name])):
                credentials[name] = address
        if "email" in credentials and credentials["email"] == credentials.get("username"):
            del credentials["email"]  # Otherwise an address that has an account is tried twice.
        found: User | None = super().authenticate(request, **credentials)
        return found

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        saved: User = super().save_user(request, user, form, commit=commit)
        if not saved.has_usable_password():
            make_password("")
        return saved

    def send_account_already_exists_mail(self, email: str) -> None:
        make_password("")
        super().send_account_already_exists_mail(email)

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """The last way to sign in cannot be removed."""
        others = reauthentication.ways_in(email_address.user, without=email_address)
        return bool(super().can_delete_email(email_address) and others)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """People without password and factor must reauthenticate, too; also in apps, which use no view of ours."""
        required = bool(super().is_reauthentication_required(app=app, **kwargs))
        request = context.request  # None outside of any request
        if (
            required
            and request
            and request.user.is_authenticated
            and not reauthentication.has_better_means(request.user)
        ):
            if reauthentication.must_confirm(request):
                raise ReauthenticationRequired
        return required

    def get_client_ip(self, request: Any) -> str:
        return client_address(request) or UNKNOWN  # Behind a socket: one limit for all of them.


class _ProviderSession(requests.Session):
    """A session whose requests to a provider, for one request of a reader, together take the time of one timeout."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        now, most = time.monotonic(), app_settings.REQUESTS_TIMEOUT
        asking = vars(context.request) if context.request else {}
        left = asking.setdefault("providers_answer_by", now + most) - now
        if left <= 0:
            raise requests.Timeout("Earlier answers have used up the time.")
        # Includes connecting; a plain number would apply to connecting and reading separately.
        return super().request(*args, **kwargs | {"timeout": Timeout(total=left)})


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """A provider's answer signs in to the account that belongs to it, and to no other.

    A new person gets a new account without a form. Their email address is taken over only if the provider says, as a
    boolean, that it is verified, and if nobody has it here. It never signs in to somebody else's account.
    """

    def get_requests_session(self) -> requests.Session:
        return _ProviderSession()

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        return None

    def is_email_verified(self, provider: Any, email: str) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if not _is_somebody(sociallogin):
            raise ProviderException("The answer does not say who this is.")
        for address in sociallogin.email_addresses:
            address.verified = address.verified is True and _is_strict(sociallogin)
        if sociallogin.state.get("process") == "connect":
            account_linking.join(request, sociallogin)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Set only the name that the provider gave; for the address, see `save_user`."""
        sociallogin.account.extra_data = _storable(sociallogin.account.extra_data)
        user: User = sociallogin.user
        user.name = provider_name(sociallogin)
        return user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        user, given = sociallogin.user, getattr(sociallogin, "given_addresses", sociallogin.email_addresses)
        user.set_unusable_password()
        # Never from the email address: the username is public.
        adapter = AccountAdapter(request)
        user.username = adapter.generate_unique_username([user.name[:60], _handle(sociallogin), "reader"])
        sociallogin.email_addresses = []
        sociallogin.save(request)
        sociallogin.email_addresses = given
        if address := next((each for each in given if each.verified), None):
            if not EmailAddress.objects.filter(email=address.email.lower(), verified=True).exists():
                EmailAddress.objects.create(user=user, email=address.email, verified=True, primary=True)
                user.email = address.email.lower()
                user.save(update_fields=["email"])
        return user

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        # Otherwise the library checks whether the address is taken, which does not matter here.
        sociallogin.given_addresses, sociallogin.email_addresses = sociallogin.email_addresses, []
        return True

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """Redirect to where signing in began; that page says that it failed, and still has what was typed."""
        if exception is not None:
            logger.warning(
                "Signing in with %s failed: %s", getattr(provider, "id", "no provider"), type(exception).__name__
            )
        state = (extra_context or {}).get("state") or {}
        back = state.get("next") or ""
        if back.endswith(OUTCOME):
            outcome = "denied" if error == AuthError.CANCELLED else "failed"
            raise ImmediateHttpResponse(HttpResponseRedirect(back + outcome))


def _is_somebody(sociallogin: SocialLogin) -> bool:
    """Say whether the answer holds a real id, not a value that only becomes one as text (`None`, `[]`)."""
    said = sociallogin.account.extra_data
    said = said.get("userinfo") or said.get("id_token") or said
    ids = [said.get(name) for name in ("ID", "id", "sub")]
    return any(type(each) in {str, int} and str(each) == sociallogin.account.uid for each in ids)


def _storable(value: Any) -> Any:
    """Return JSON that databases and pages can hold: no NUL, no lone surrogates."""
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value


def _is_strict(sociallogin: SocialLogin) -> bool:
    """Say whether the provider sent `true`, not another value that allauth accepts (for Google)."""
    if sociallogin.account.provider != "google":
        return True
    said = sociallogin.account.extra_data
    return said.get("email_verified") is True or said.get("verified_email") is True


def _handle(sociallogin: SocialLogin) -> str:
    fields = sociallogin.provider.extract_common_fields(sociallogin.account.extra_data)
    handle = fields.get("username")
    return handle[:60] if isinstance(handle, str) else ""


class FactorAdapter(DefaultMFAAdapter):
    """Second factors: their secrets are encrypted. If staff must have one, their last one cannot be removed."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": gettext_lazy("Please remove your passkeys and app first, then add the address."),
        "cannot_delete_authenticator": gettext_lazy("People of the newsroom need a second step, so this one stays."),
        "cannot_generate_recovery_codes": gettext_lazy("Please add a passkey or an app first."),
        "incorrect_code": gettext_lazy("This code is wrong. Please check it."),
        "unverified_email": gettext_lazy("Please confirm your email address first."),
    }

    def encrypt(self, text: str) -> str:
        return field_keys.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return factor_secrets.read(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if not (settings.STAFF_SECOND_FACTOR and authenticator.user.is_staff):
            return True
        factors = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        others = Authenticator.objects.filter(user=authenticator.user, type__in=factors).exclude(pk=authenticator.pk)
        return authenticator.type == Authenticator.Type.RECOVERY_CODES or others.exists()
