"""Encrypting everything with the newest of FIELD_KEYS, so that an older one can go. To add a place, write its line.

The worker does that each hour, but for sessions, all of which would be read; `manage.py rotate_keys` does it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from comments.notifications import chat
from newsreader.accounts import factor_secrets, kept_answers, session_secrets
from newsreader.mailing import outbox


class Place(NamedTuple):
    """Where something is encrypted: how it is renewed, and how much of it an older key is still needed for.

    Both return how many. What no key can read is among what is left, but for sessions, which lose it and go on.
    """

    name: str
    renew: Callable[[], int]
    left: Callable[[], int]


SESSIONS = Place("sessions", session_secrets.renew, session_secrets.left)
PLACES = [
    Place("second factors", factor_secrets.renew, factor_secrets.left),
    Place("chat rooms", chat.renew_secrets, chat.secrets_left),
    Place("emails on their way", outbox.renew_secrets, outbox.secrets_left),
    Place("answers over REST", kept_answers.renew_secrets, kept_answers.secrets_left),
    SESSIONS,
]


def renew_secrets() -> None:
    """Encrypt with the newest key what is in plain text, or was encrypted with an older one. A job of the worker."""
    for place in PLACES:
        if place is not SESSIONS:
            place.renew()
