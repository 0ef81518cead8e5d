"""The token of an address: whoever holds it may manage the mails to that address, and needs no account for it.

It is in every mail, so nobody else learns it. It never ends: a mail can be found again after years, and has to let its
reader stop the mails. It is signed like all our links, so that SECRET_KEY may be changed while the one before is among
SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

from django.core import signing

from newsreader.kit.web import absolute

SALT = "newsreader.mailing.address"
LONGEST = 1_000  # characters; of the longest address it has fewer


def folded(address: str) -> str:
    """Return an address in lower case: who writes theirs otherwise is the same person.

    Accents stay, since two domains may differ in nothing else.
    """
    return address.strip().lower()


def token_for(address: str) -> str:
    """Return the token of an address: always the same one, so that a mail that is sent twice is the same mail."""
    return signing.Signer(salt=SALT).sign_object(folded(address))


def address_of(token: str) -> str | None:
    """Return whose token this is, in lower case; None if we have not made it."""
    if len(token) > LONGEST:
        return None
    try:
        address = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    return address if isinstance(address, str) else None


def page_url(address: str) -> str:
    """Return the address of the page where its reader manages all mails to an address."""
    return absolute(f"/mail/{token_for(address)}/")


def not_me_url(address: str) -> str:
    """Return the address of the page where mails that strangers ask for are ended, for mails to this address."""
    # Not by `reverse`, for which the worker would import every page of the site.
    return absolute(f"/mail/{token_for(address)}/not-me/")
