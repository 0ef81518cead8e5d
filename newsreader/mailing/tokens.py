"""The token of an address, for links in mails to it: whoever has one has read a mail there. It does not expire."""

from __future__ import annotations

from django.core import signing

from newsreader.kit.web import absolute

SALT = "newsreader.mailing.address"


def token_for(address: str) -> str:
    """Return the token of an address: signed, safe in an address of ours."""
    return signing.Signer(salt=SALT).sign_object(address)


def address_of(token: str) -> str | None:
    """Return the address that a token is for; None for one that we have not made."""
    try:
        found = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    return found if isinstance(found, str) else None


def not_me_url(address: str) -> str:
    """Return the address of the page where mails that strangers ask for are ended, for mails to this address."""
    # Not by `reverse`, for which the worker would import every page of the site.
    return absolute(f"/mail/{token_for(address)}/not-me/")
