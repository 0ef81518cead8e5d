"""The mails about accounts: which letter stands for each of allauth's mails, and what it says.

The letters are in `templates/letters/account_<name>/`, and are written and framed as all others. allauth names a mail
by the prefix of its templates ("account/email/login_code"). What only tells somebody that their account was changed is
one letter, `account_changed`, with a sentence for each change.

Codes, links and whatever else the library says about somebody travel in the letter's secret.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from newsreader.accounts.browsers import browser_of
from newsreader.accounts.mailed_codes import CONFIRM_EMAIL, LOGIN_CODE
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter

# Mails that bring a code or a link, or answer an attempt.
LETTERS: Final = {
    "login_code": LOGIN_CODE,
    "email_confirmation": CONFIRM_EMAIL,
    "email_confirmation_signup": CONFIRM_EMAIL,
    "password_reset_key": "account_reset_password",
    "account_already_exists": "account_exists",
    "unknown_account": "account_unknown",
}
# Mails that tell of a change, with the sentence that says which.
CHANGES: Final = {
    "password_changed": _("Your password was changed."),
    "password_set": _("A password was set for your account."),
    "password_reset": _("Your password was reset."),
    "email_changed": _("The main email address of your account was changed."),
    "email_confirm": _("An email address was added to your account and confirmed."),
    "email_deleted": _("An email address was removed from your account."),
    "totp_activated": _("An authenticator app was set up for your account."),
    "totp_deactivated": _("The authenticator app was removed from your account."),
    "recovery_codes_generated": _("New recovery codes were made for your account."),
    "webauthn_added": _("A passkey was added to your account."),
    "webauthn_removed": _("A passkey was removed from your account."),
    "account_connected": _("Another account was connected to yours."),
    "account_disconnected": _("A connected account was removed from yours."),
}
# The same that are not the library's: signing in by a way that nobody has used before (sign_in_ways) …
NEW_WAYS: Final = {
    "new_way_password": _("Somebody signed in to your account with your password, for the first time."),
    "new_way_code": _("Somebody signed in to your account with a code from an email, for the first time."),
    "new_way_passkey": _("Somebody signed in to your account with a passkey, for the first time."),
    "new_way_recovery_codes": _("Somebody signed in to your account with a recovery code, for the first time."),
    "new_way_provider": _("Somebody signed in to your account through a connected account, for the first time."),
}
# … and what those who run the site did in the admin (staff_changes).
BY_STAFF: Final = {
    "staff_password": _("Somebody who runs the site changed the password of your account."),
    "staff_addresses": _("Somebody who runs the site changed the email addresses of your account."),
    "staff_factors": _("Somebody who runs the site changed the second factors of your account."),
    "staff_connected": _("Somebody who runs the site changed the accounts that are connected to yours."),
}
SENTENCES: Final = CHANGES | NEW_WAYS | BY_STAFF


ANSWER = dt.timedelta(hours=1)  # how long an answer to an attempt is of use
# Addresses of pages, written out, and compared by a test: Django, asked for them, would import all pages in the worker.
PAGES: Final = {
    "sign_in_url": "/accounts/login/",
    "sign_up_url": "/accounts/signup/",
    "sessions_url": "/accounts/sessions/",
}


def letter(prefix: str, address: str, context: dict[str, Any]) -> Letter:
    """Return the letter that stands for one of allauth's mails, for the outbox. Raises KeyError if there is none.

    It is in the language of the account that it is about, else in that of the page where it was asked for.
    """
    which = prefix.rpartition("/")[2]
    language = getattr(context.get("user"), "language", "") or get_language() or ""
    row = Letter(name=LETTERS.get(which, "account_changed"), about="account", address=address, language=language)
    told = {
        "code": context.get("code", ""),
        "username": context.get("username", ""),
        "reset_url": context.get("password_reset_url", ""),
        "activate_url": context.get("activate_url", ""),
    }
    if which in LETTERS:
        row.ends_at = timezone.now() + _life(row.name, by_code=bool(told["code"]))
    else:
        SENTENCES[which]  # One without a sentence is an error here, and not in the worker.
        at = context.get("timestamp")
        row.facts = {"which": which, "at": at.isoformat() if at else ""}
        told |= {"provider": str(context.get("provider", "")), "user_agent": context.get("user_agent", "")[:200]}
    row.secret = outbox.secretly(**told)
    return row


def _life(name: str, *, by_code: bool) -> dt.timedelta:
    """Return how long what a letter brings is valid."""
    if name == LOGIN_CODE:
        return dt.timedelta(seconds=app_settings.LOGIN_BY_CODE_TIMEOUT)
    if name == CONFIRM_EMAIL:
        by_link = dt.timedelta(days=app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS)
        return dt.timedelta(seconds=app_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT) if by_code else by_link
    return dt.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT) if name == "account_reset_password" else ANSWER


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the templates of these letters need. Addresses are on SITE_URL, whatever host was requested."""
    return {row.pk: _context(row) for row in letters}


def _context(row: Letter) -> dict[str, Any]:
    told = outbox.told_secretly(row) | {name: absolute(path) for name, path in PAGES.items()} | {"email": row.address}
    if row.name == "account_changed":
        at, user_agent, by_staff = row.facts["at"], told.pop("user_agent", None), row.facts["which"] in BY_STAFF
        told |= {
            "what": SENTENCES[row.facts["which"]],
            "at": dt.datetime.fromisoformat(at) if at else None,
            # Called by the template, so that it is in the language of the mail. Not known any more if sent again; of
            # what staff did it says nothing.
            "browser": (lambda: browser_of(user_agent)) if user_agent is not None and not by_staff else "",
        }
    return told


def address_facts(address: str) -> list[tuple[str, str]]:
    """Return what accounts know of an address, in words: for staff who are asked why no mail comes."""
    found = list(EmailAddress.objects.filter(email=address.lower()).values_list("verified", "user__is_active"))
    if not found:
        return [(gettext("Account"), gettext("None has this address."))]
    if (True, True) in found:
        return [(gettext("Account"), gettext("One has confirmed this address."))]
    if any(verified for verified, _active in found):
        return [(gettext("Account"), gettext("One has confirmed this address, but it is closed."))]
    return [(gettext("Account"), gettext("One gives this address, but has not confirmed it: it gets codes alone."))]
