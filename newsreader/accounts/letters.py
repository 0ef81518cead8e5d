"""The mails about accounts: which letter stands for each of allauth's mails, and what it says.

The letters are in `templates/letters/account_<name>/`, and are written and framed as all others. allauth names a mail
by the prefix of its templates ("account/email/login_code"). What only tells somebody that their account was changed is
one letter, `account_changed`, with a sentence for each change.
"""

from __future__ import annotations

from typing import Any, Final

from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from newsreader.accounts.browsers import browser_of
from newsreader.kit.web import absolute
from newsreader.mailing import letter as mail

# Mails that bring a code or a link, or answer an attempt.
LETTERS: Final = {
    "login_code": "account_login_code",
    "email_confirmation": "account_confirm_email",
    "email_confirmation_signup": "account_confirm_email",
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
    "email_confirm": _("An email address of your account was confirmed."),
    "email_deleted": _("An email address was removed from your account."),
    "totp_activated": _("An authenticator app was set up for your account."),
    "totp_deactivated": _("The authenticator app was removed from your account."),
    "recovery_codes_generated": _("New recovery codes were made for your account."),
    "webauthn_added": _("A passkey was added to your account."),
    "webauthn_removed": _("A passkey was removed from your account."),
    "account_connected": _("Another account was connected to yours."),
    "account_disconnected": _("A connected account was removed from yours."),
}


def written(prefix: str, address: str, context: dict[str, Any]) -> EmailMultiAlternatives:
    """Return the letter that stands for one of allauth's mails. Raises KeyError if there is none.

    It is in the language of the account that it is about, else in that of the page where it was asked for. Addresses in
    it are on SITE_URL, whatever host was requested.
    """
    name = prefix.rpartition("/")[2]
    user = context.get("user")
    language = getattr(user, "language", "") or get_language() or ""
    told: dict[str, Any] = {
        "code": context.get("code", ""),
        "username": context.get("username", ""),
        "reset_url": context.get("password_reset_url", ""),
        "activate_url": context.get("activate_url", ""),
        "sign_in_url": absolute(reverse("account_login")),
        "sign_up_url": absolute(reverse("account_signup")),
        "email": address,
    }
    if name in LETTERS:
        return mail.written(LETTERS[name], address, told, language=language)
    told |= {
        "what": CHANGES[name],
        "provider": context.get("provider", ""),
        "at": context.get("timestamp"),
        "browser": browser_of(context.get("user_agent", "")),
        "sessions_url": absolute(reverse("usersessions_list")),
    }
    return mail.written("account_changed", address, told, language=language)
