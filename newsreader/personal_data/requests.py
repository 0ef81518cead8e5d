"""Somebody asks to be erased on the site: it is done after a day, in which they can think better of it.

An account asks on its own page, after it has proved that it is still the same person. A guest asks by a link that is
mailed to their confirmed address; whether the site knows an address nobody learns who does not read its mail. To see
what is here first, `newsreader.personal_data.people.Person.held` counts it.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from newsreader.accounts.identities import verified_address
from newsreader.accounts.models import User
from newsreader.kit.errors import Conflict, DomainError, FieldError, Invalid
from newsreader.kit.tasks import task
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from newsreader.personal_data import mailed_links, people
from newsreader.personal_data.erasing import BelongsToNewsroom, erase, refuse_members
from newsreader.personal_data.models import ErasureRequest

logger = logging.getLogger(__name__)

COOLING_OFF = dt.timedelta(days=1)
AGAIN = dt.timedelta(hours=1)  # until an erasure that has begun, and of which nothing was heard, is begun again
SALT = "personal_data.erasure"
ABOUT = "erasure"  # `Letter.about`
ASKED, LINK = "erasure_asked", "erasure_link"


class ErasureUnknown(DomainError):
    code, status = "erasure_unknown", 404
    sentence = gettext_lazy("There is no such request. It was cancelled, or carried out.")


class ErasureLinkExpired(DomainError):
    code, status = "erasure_link_expired", 410
    sentence = gettext_lazy("This link has expired. Please ask for a new one.")


class AddressOfAccount(Conflict):
    code = "address_of_account"
    sentence = gettext_lazy("This address belongs to an account now. Please sign in, and erase the account there.")


class ErasureBegun(Conflict):
    code = "erasure_begun"
    sentence = gettext_lazy("It has begun, and cannot be cancelled any more.")


# --- Asking -------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(user: User, *, text: str) -> ErasureRequest:
    """Have an account, and what was left as a guest under its addresses, erased in a day; it is mailed how to cancel.

    `text`: `keep` or `remove`. Asking again changes that, and not the day. Raises Invalid, BelongsToNewsroom.
    """
    refuse_members(people.of_account(user.pk))
    return _store(text, user.language, verified_address(user), user=user)


@transaction.atomic
def ask_by_link(token: str, *, text: str) -> ErasureRequest:
    """Have a guest erased, whose link this is. Raises Invalid, ErasureLinkExpired, AddressOfAccount."""
    address = address_in(token)
    if people.owner_of(address):
        raise AddressOfAccount()
    return _store(text, get_language() or "", address, email=address)


def _store(text: str, language: str, address: str, **who: Any) -> ErasureRequest:
    if text not in {"keep", "remove"}:
        raise Invalid([FieldError("text", "require_text_choice", _("Please choose what becomes of your comments."))])
    given = {"keep_text": text == "keep"}
    row, is_new = ErasureRequest.objects.update_or_create(
        **who, defaults=given, create_defaults=given | {"due_at": timezone.now() + COOLING_OFF}
    )
    if is_new and address:
        outbox.enqueue([Letter(name=ASKED, about=ABOUT, about_id=row.pk, address=address, language=language)])
    return row


def request_of(user: User) -> ErasureRequest | None:
    """Return an account's request, if it has one."""
    return ErasureRequest.objects.filter(user=user).first()


def page_of(row: ErasureRequest) -> str:
    """Return the address of the page where a request can be cancelled."""
    return reverse("erasure_request", args=[row.pk, row.token])


def find(request_id: int, token: str) -> ErasureRequest:
    """Return the request whose page this is. Raises ErasureUnknown."""
    row = ErasureRequest.objects.filter(pk=request_id).first()
    if row is None or not constant_time_compare(row.token, token):
        raise ErasureUnknown()
    return row


@transaction.atomic
def cancel(request_id: int) -> None:
    """Cancel a request. Does nothing where there is none. Raises ErasureBegun."""
    row = ErasureRequest.objects.select_for_update().filter(pk=request_id).first()
    if row and row.begun_at:
        raise ErasureBegun()
    if row:
        outbox.drop(ABOUT, [row.pk])
        row.delete()


# --- The link for guests ------------------------------------------------------------------------------------------


@transaction.atomic
def send_link(email: str, *, from_address: str) -> None:
    """Mail a link for being erased to an address that a guest has confirmed, or an account.

    Whoever asks learns nothing: it is the same for every address. Raises Invalid for what is no address; TooMany.
    """
    address = mailed_links.address_asked(email, "erasure", from_address=from_address)
    if not address:
        return
    person = people.find(address)
    # Both are asked in any case, as long as it takes.
    own = EmailAddress.objects.filter(user__in=[*person.accounts, 0], verified=True, email=address.lower()).exists()
    left = mailed_links.is_confirmed_guest(address)
    has_account = bool(person.accounts)
    link = reverse("erase_account") if has_account else reverse("erasure_link", args=[link_token(address)])
    ends_at = timezone.now() + mailed_links.LIFE
    letter = Letter(name=LINK, address=address, language=get_language() or "", ends_at=ends_at)
    letter.facts = {"account": has_account}
    letter.secret = outbox.secretly(link=absolute(link))
    known = own if has_account else left
    mailed_links.mail(letter, known=known, has_account=has_account, from_address=from_address)


def link_token(address: str) -> str:
    """Return the signed token of a link that is mailed to this address only."""
    return mailed_links.token_for(address, SALT)


def address_in(token: str) -> str:
    """Return the address that a link was mailed to. Raises ErasureLinkExpired, ErasureUnknown."""
    try:
        return mailed_links.address_in(token, SALT)
    except signing.SignatureExpired:
        raise ErasureLinkExpired() from None
    except signing.BadSignature:
        raise ErasureUnknown() from None


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what each mail says; None where the request was cancelled or carried out."""
    rows = ErasureRequest.objects.in_bulk([letter.about_id for letter in letters if letter.about_id])

    def context(letter: Letter) -> dict[str, Any] | None:
        if letter.name == LINK:
            return outbox.told_secretly(letter) | {"has_account": letter.facts.get("account", False)}
        row = rows.get(letter.about_id or 0)
        if row is None:
            return None
        return {"row": row, "cancel_url": absolute(page_of(row))}

    return {letter.pk: context(letter) for letter in letters}


# --- Carrying out -------------------------------------------------------------------------------------------------


def carry_out_due() -> int:
    """Begin with every erasure that is due. Returns how many. Safe to run in several workers."""
    now = timezone.now()
    due = ErasureRequest.objects.filter(Q(begun_at=None) | Q(begun_at__lt=now - AGAIN), due_at__lte=now)
    begun = 0
    for pk in due.values_list("pk", flat=True)[:100]:
        with transaction.atomic():
            if due.filter(pk=pk).update(begun_at=now):
                carry_out.enqueue(pk)
                begun += 1
    return begun


@task()
def carry_out(request_id: int) -> None:
    """Erase whoever has asked for it. Safe to run twice. Whoever has joined the newsroom meanwhile is not erased.

    A guest's link never erases an account: that proves itself first, and may belong to somebody else who has the
    address now. If one has confirmed it meanwhile, it is theirs to ask.
    """
    row = ErasureRequest.objects.filter(pk=request_id).first()
    if row is None:
        return
    if row.email and people.owner_of(row.email):
        logger.warning("The erasure %d is not carried out: the address belongs to an account now", request_id)
        row.delete()
        return
    person = people.of_account(row.user_id) if row.user_id else people.of_guest(row.email)
    try:
        erase(person, keep_text=row.keep_text)
    except BelongsToNewsroom:
        logger.warning("The erasure %d is not carried out: the account belongs to the newsroom", request_id)
    ErasureRequest.objects.filter(pk=request_id).delete()
