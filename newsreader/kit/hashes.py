"""Keyed hashes: what can be found again, but not read."""

import hmac

from django.conf import settings


def keyed(*parts: str) -> str:
    """Return a keyed hash (HMAC) of the parts: equal for equal parts, and useless without the secret key."""
    message = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(settings.SECRET_KEY.encode(), message.encode(), "sha256").hexdigest()
