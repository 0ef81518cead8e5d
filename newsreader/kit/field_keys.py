"""Encrypting what must not be read in a copy of the database: sign-in codes, second factors, tokens of providers.

The keys are not in the database: FIELD_KEYS, the newest first. What was encrypted with an older one can still be read;
once everything is encrypted anew, that key can go. After all of them comes one that is made of SECRET_KEY, so that a
site without FIELD_KEYS encrypts, too, and can be given some later.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:  # Imported by what encrypts: most processes never do, and it takes some megabytes.
    from cryptography.fernet import MultiFernet

SHORTEST = 32  # characters of a key


class Unreadable(Exception):
    """A value was encrypted with a key that is not among ours, or was changed."""


def encrypt(value: Any) -> str:
    """Return JSON as text that only our keys read: encrypted with the newest and authenticated (Fernet)."""
    return _keys(*_secrets()).encrypt(json.dumps(value).encode()).decode()


def decrypt(text: str) -> Any:
    """Return what was encrypted. Raises Unreadable."""
    return json.loads(_asked(_keys(*_secrets()).decrypt, text))


def renewed(text: str) -> str:
    """Return the same, encrypted with the newest key. Raises Unreadable."""
    return _asked(_keys(*_secrets()).rotate, text).decode()


def is_current(text: str) -> bool:
    """Say whether this was encrypted with the newest key, so that no older one is needed for it."""
    try:
        _asked(_keys(_secrets()[0]).decrypt, text)
    except Unreadable:
        return False
    return True


def _asked(deed: Callable[[bytes], bytes], text: str) -> bytes:
    from cryptography.fernet import InvalidToken

    try:
        return deed(text.encode())
    except InvalidToken:
        raise Unreadable from None


def _secrets() -> tuple[str, ...]:
    return (*settings.FIELD_KEYS, settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _keys(*secrets: str) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(secret))) for secret in secrets])


def _derived(secret: str) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"newsreader.fields").derive(secret.encode())
