"""Sessions in the database, as Django keeps them, found by a statement that is made once (SESSION_ENGINE).

What a session holds of secrets for some minutes is encrypted in its row: the secret of an app that is being set up,
codes from mails that are awaited, and what a provider has said until the sign-in is finished, its token included.
A session in which nobody is signed in ends after an hour: anybody can begin one.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from newsreader.kit import field_keys
from newsreader.kit.compiled_queries import Compiled


@Compiled
def _in_force(key: str, now: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


# Ours are in `login_codes` and `reauthentication`, the others are the library's.
SECRET = (
    "mfa.totp.secret",
    "code_to_sign_in",
    "confirming",
    "account_login",
    "account_email_verification_code",
    "account_password_reset_verification",
    "account_reauthentication_state",
    "socialaccount_sociallogin",
    "_password_reset_key",
)
STRANGERS = 3600  # seconds that a session lives in which nobody is signed in
HIDDEN = "hidden"  # where the row has all of these, encrypted as one


class SessionStore(db.SessionStore):
    def get_session_cookie_age(self) -> int:
        """Return how long this session lives without a wish of its own: an hour, until somebody is signed in."""
        return settings.SESSION_COOKIE_AGE if SESSION_KEY in self else STRANGERS

    def encode(self, session_dict: dict[str, Any]) -> str:
        secrets = {name: value for name, value in session_dict.items() if name in SECRET}
        if secrets:
            open_ones = {name: value for name, value in session_dict.items() if name not in SECRET}
            session_dict = open_ones | {HIDDEN: field_keys.encrypt(secrets)}
        encoded: str = super().encode(session_dict)
        return encoded

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        found: dict[str, Any] = super().decode(session_data)
        if hidden := found.pop(HIDDEN, None):
            try:
                found |= field_keys.decrypt(hidden)
            except field_keys.Unreadable:
                pass  # Its key is gone: whoever waited for a code asks for another one.
        return found

    def _get_session_from_db(self) -> Any:
        found = _in_force.first(self.session_key, timezone.now())
        if found is None:
            self._session_key = None
        return found
