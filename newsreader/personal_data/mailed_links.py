"""Links that guests ask for by their address: who may ask, and mailing one, or not, so that nobody can tell which.

Not by the time that it takes either. A link is signed, and for one purpose.
"""

from __future__ import annotations

import datetime as dt

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from comments.models import EmailConfirmation
from comments.posting.email_confirmation import address_key
from comments.screening.rate_limit import consume_one
from newsreader.kit.client_address import network
from newsreader.kit.email_addresses import tidy_email, why_not
from newsreader.kit.errors import FieldError, Invalid, Sentence, TooMany
from newsreader.kit.hashes import keyed
from newsreader.mailing import budget, outbox
from newsreader.mailing.models import Letter
from newsreader.personal_data.people import lowered

LIFE = dt.timedelta(days=1)  # of a link
BURST, PAUSE = 5, 60  # links that one network may ask for in a row, then one in so many seconds
PAUSE_OF_ADDRESS = 600  # seconds between two links to one address
LONGEST = 254  # characters of an address. Source: RFC 5321, 4.5.3.1.3


@transaction.atomic
def address_asked(email: str, purpose: str, *, from_address: str) -> str:
    """Count one more wish for a link of this purpose, and return the tidied address; empty if it had one just now.

    Raises Invalid for what is no address; TooMany.
    """
    address = tidy_email(email)
    if wrong := _what_is_wrong_with(address):
        raise Invalid([FieldError("email", "require_valid_email", wrong)])
    if wait := consume_one(keyed(purpose, "network", network(from_address)), burst=BURST, seconds=PAUSE):
        raise TooMany(wait)
    if consume_one(keyed(purpose, "address", lowered(address)), burst=1, seconds=PAUSE_OF_ADDRESS):
        return ""
    return address


def _what_is_wrong_with(address: str) -> Sentence:
    if not address:
        return _("Please enter your email address.")
    return _("This address is too long.") if len(address) > LONGEST else why_not(address)


def is_confirmed_guest(address: str) -> bool:
    """Say whether a guest has confirmed this address by a link."""
    return EmailConfirmation.objects.filter(address=address_key(address), confirmed_at__isnull=False).exists()


def token_for(address: str, salt: str) -> str:
    """Return the signed token of a link that is mailed to this address only."""
    return signing.dumps(lowered(address), salt=salt)


def address_in(token: str, salt: str) -> str:
    """Return the address that a link was mailed to. Raises signing.SignatureExpired, signing.BadSignature."""
    return str(signing.loads(token, salt=salt, max_age=LIFE))


@transaction.atomic
def mail(letter: Letter, *, known: bool, has_account: bool, from_address: str) -> None:
    """Queue a letter to an address that the site knows, if one more may go there (`newsreader.mailing.budget`).

    For any other address the same is done, and taken back: otherwise whoever asks could measure the difference.
    """
    with transaction.atomic():
        if budget.allows(letter.address, network(from_address), known=has_account, pretended=not known):
            outbox.enqueue([letter], wake=False)
        if not known:
            transaction.set_rollback(True)
    outbox.send_due.enqueue()
