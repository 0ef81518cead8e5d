"""The codes that are mailed to an address: the newest is the right one, whoever asked for it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from newsreader.mailing.models import Letter

LOGIN_CODE: Final = "account_login_code"
CONFIRM_EMAIL: Final = "account_confirm_email"
LETTERS: Final = {LOGIN_CODE, CONFIRM_EMAIL}  # a newer one to the same address replaces those before


def is_replaced(letter: str, address: str, since: float) -> bool:
    """Say whether a newer letter of this name, with a newer code, is on its way to an address. `since`: Unix time."""
    began = dt.datetime.fromtimestamp(since, dt.UTC)
    return Letter.objects.filter(address=address, name=letter, created_at__gt=began).exists()
