"""A guest has their data by a link, which is mailed to their confirmed address; whoever has an account signs in.

The answer is the same for every address: whether the site knows one, learns only who reads its mail.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy

from comments.screening.rate_limit import consume_one
from newsreader.kit.errors import DomainError, Sentence, TooMany
from newsreader.kit.hashes import keyed
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from newsreader.personal_data import mailed_links, people
from newsreader.personal_data.people import Person

SALT = "personal_data.export"
LINK = "my_data_link"
DOWNLOADS, BETWEEN = 10, 360  # that one person may have in a row, then one in so many seconds: ten an hour


class DataLinkUnknown(DomainError):
    code, status = "data_link_unknown", 404
    sentence = gettext_lazy(
        "This is not the address of your data. Please open the link in the email once more, all of it."
    )


class DataLinkExpired(DomainError):
    code, status = "data_link_expired", 410
    sentence = gettext_lazy("This link was valid for a day. Please ask for a new one.")


class TooManyExports(TooMany):
    code = "too_many_exports"
    sentence: Sentence = gettext_lazy(
        "You have had your data several times within the hour. Please wait a few minutes."
    )


@transaction.atomic
def send(email: str, *, from_address: str) -> None:
    """Mail a link to an address that a guest has confirmed, or the page of one's account to that of an account.

    Does nothing for any other address, and says so to nobody. Raises Invalid for what is no address; TooMany.
    """
    address = mailed_links.address_asked(email, "export", from_address=from_address)
    if not address:
        return
    # Both are asked in any case, as long as it takes.
    has_account = EmailAddress.objects.filter(email=address.lower(), verified=True).exists()
    has_left = mailed_links.is_confirmed_guest(address)
    link = reverse("my_data") if has_account else reverse("my_data_link", args=[token_for(address)])
    letter = Letter(
        name=LINK, address=address, language=get_language() or "", ends_at=timezone.now() + mailed_links.LIFE
    )
    letter.facts = {"account": has_account}
    letter.secret = outbox.secretly(link=absolute(link))
    known = has_account or has_left
    mailed_links.mail(letter, known=known, has_account=has_account, from_address=from_address)


def token_for(address: str) -> str:
    """Return the signed token of a link that is mailed to this address only."""
    return mailed_links.token_for(address, SALT)


def person_of(token: str) -> Person:
    """Return whose link this is. Raises DataLinkUnknown, DataLinkExpired.

    Only what was left as a guest: an account that has got the address meanwhile is opened by signing in.
    """
    try:
        address = mailed_links.address_in(token, SALT)
    except signing.SignatureExpired:
        raise DataLinkExpired from None
    except signing.BadSignature:
        raise DataLinkUnknown from None
    return people.of_guest(address)


@transaction.atomic
def count(person: Person) -> None:
    """Count one more export of this person. Raises TooManyExports."""
    who = next((f"account:{pk}" for pk in person.accounts), person.addresses[0] if person.addresses else "")
    if wait := consume_one(keyed("export", "person", who), burst=DOWNLOADS, seconds=BETWEEN):
        raise TooManyExports(wait)


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what each mail says."""
    return {
        letter.pk: outbox.told_secretly(letter) | {"has_account": letter.facts.get("account", False)}
        for letter in letters
    }
