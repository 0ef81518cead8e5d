"""The secrets of second factors (of apps, and the seed of recovery codes) are stored encrypted; so are kept tokens.

allauth encrypts new ones through our adapter. `renew` encrypts what is still in plain text, and anew what an older key
of FIELD_KEYS has encrypted, so that a key can be retired.
Of login providers no token is kept at all (SOCIALACCOUNT_STORE_TOKENS): we ask them once, while somebody signs in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialToken
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from newsreader.kit import field_keys
from newsreader.kit.errors import Conflict
from newsreader.kit.logs import OnceAMinute

logger = logging.getLogger(__name__)
log = OnceAMinute(logger)
AT_ONCE = 500  # rows in one transaction
ENCRYPTED = "gAAAA"  # How every encrypted text begins (Fernet); no secret of the library does: base32, or hexadecimal.
IN_DATA = ("secret", "seed", "migrated_codes")  # where an authenticator has secrets
TYPES = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]


class FactorUnreadable(Conflict):
    """The key that has encrypted this second factor is gone from FIELD_KEYS."""

    code = "second_factor_unreadable"
    sentence = _("We cannot read your second factor any more. Please use a passkey, or ask the newsroom to remove it.")


def read(text: str) -> str:
    """Return a secret as it was given; one in plain text, from before secrets were encrypted, as it is.

    Raises FactorUnreadable.
    """
    if not text.startswith(ENCRYPTED):
        return text
    try:
        return str(field_keys.decrypt(text))
    except field_keys.Unreadable as fault:
        log.warning("A second factor cannot be read: its key is not among FIELD_KEYS", fault)
        raise FactorUnreadable from None


def renew() -> int:
    """Encrypt every secret with the newest key that is not yet. Returns in how many rows.

    What no key can read stays, and is logged: it can be read again once its key is back.
    """
    drop_tokens()
    changed, unreadable = 0, 0
    for batch in _batches():
        with transaction.atomic():
            for row in Authenticator.objects.select_for_update().filter(pk__in=batch).order_by("pk"):
                data = {name: _each(row.data[name], _renewed) for name in IN_DATA if name in row.data}
                unreadable += sum(each is None for value in data.values() for each in _flat(value))
                data = {name: value for name, value in data.items() if None not in _flat(value)}
                if data:
                    # Not saved: nobody has changed the factor, and the audit log listens to that.
                    Authenticator.objects.filter(pk=row.pk).update(data=row.data | data)
                    changed += 1
    if changed or unreadable:
        logger.info("Second factors: %d encrypted with the newest key, %d that no key can read", changed, unreadable)
    return changed


def left() -> int:
    """Return how many second factors hold something that the newest key cannot read."""
    return sum(map(len, _batches()))


def drop_tokens() -> int:
    """Delete provider tokens that an older setting has kept: nothing uses them. Returns how many."""
    return SocialToken.objects.all().delete()[0]


def _batches() -> Iterator[list[int]]:
    """Yield the ids of rows with a secret that the newest key cannot read."""
    rows = Authenticator.objects.filter(type__in=TYPES).order_by("pk")
    last = 0
    while found := list(rows.filter(pk__gt=last).values_list("pk", "data")[:AT_ONCE]):
        last = found[-1][0]
        if old := [pk for pk, data in found if not all(map(field_keys.is_current, _secrets(data)))]:
            yield old


def _secrets(data: dict[str, Any]) -> Iterator[str]:
    for name in IN_DATA:
        yield from _flat(data.get(name) or [])


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _each(value: Any, change: Callable[[str], Any]) -> Any:
    return [change(text) for text in value] if isinstance(value, list) else change(value)


def _renewed(text: str) -> str | None:
    if not text.startswith(ENCRYPTED):
        return field_keys.encrypt(text)
    try:
        return field_keys.renewed(text)
    except field_keys.Unreadable:
        return None
