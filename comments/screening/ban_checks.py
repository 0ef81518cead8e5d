"""Whether somebody is banned: asked at posting, and shown on the desk.

Of a ban of an email address only its owner is told. Anybody can type an address, so for everybody else the comment
seems to wait, as under a quiet ban: neither the answer nor anything after it tells a banned address from another.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from comments.audit import refusal_reasons
from comments.audit.reason_codes import QUIET_BAN
from comments.drafts import Draft, keyed
from comments.errors import Banned
from comments.models import Ban, BanAppeal, Comment, ConnectionData, EmailConfirmation, new_token
from comments.models.blocklist import erased_target
from comments.models.querysets import BanQuerySet
from comments.screening.verdict import Verdict
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.client_address import IPV4_PREFIX
from newsreader.kit.client_address import network as network_of
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.text import fold

SOURCE = "ban"  # The name under which the decisions of bans that nobody is told of are recorded.


SALT = "comments.ban"  # for the signed addresses of private pages


WIDEST = {4: 8, 6: 19}  # bits; wider networks would hold whole countries


def against(draft: Draft, *, account_only: bool = False) -> list[Ban]:
    """Return the bans in force against the author of a draft, open ones before quiet ones.

    One query. All identities of a person count; a banned email address applies to guests only. With `account_only`
    (for moderators), email address and network do not count.
    """
    who, by = whose(draft, account_only=account_only)
    return _against(timezone.now(), *who, by=by) if who else []


def whose(draft: Draft, *, account_only: bool = False) -> tuple[list[Any], str]:
    """Return the values by which `rows` finds the bans against the author of a draft, and what the first one is."""
    author, address = draft.author, "" if account_only else draft.visit.address
    if author.identity and author.identity.user_id:
        return of_account(author.identity.user_id, address)
    networks = _networks_around(address)
    if author.identity:
        return [author.identity.pk, *networks], "identity"
    if author.email and not account_only:
        return [*_forms(fold(author.email)), *networks], "email"
    return networks, ""


def of_account(user_id: int, address: str) -> tuple[list[Any], str]:
    """Return what `whose` does for a draft that somebody with this account leaves from this IP address."""
    return [user_id, *_networks_around(address)], "user"


def rows(now: dt.datetime, *values: Any, by: str) -> BanQuerySet:
    """The bans in force of somebody: `by` says what the first value is, the others are the networks around them.

    Of an email address the first two: as it is, and as an erased person's ban holds it.
    """
    who, networks = Q(), values
    if by == "email":
        who, networks = Q(email__in=values[:2]) & ~Q(email=""), values[2:]
    elif by:
        person, networks = values[0], values[1:]
        if by == "user":
            who = Q(identity__in=CommenterIdentity.objects.filter(user=person).values("pk"))
        else:
            who = Q(identity=person)
    if networks:
        who |= Q(network__in=networks) & ~Q(network="")
    return Ban.objects.in_force(now).filter(who).order_by("quiet", "pk")


_against = Compiled(rows)


def is_told(ban: Ban, draft: Draft) -> bool:
    """Say whether the author of a draft is told of this ban: of a quiet one nobody, of an email address its owner."""
    return not ban.quiet and (ban.kind != Ban.Kind.EMAIL or _owns_address(ban, draft))


def _networks_around(address: str, *, is_cut: bool = False) -> list[str]:
    """Return every network around an IP address that could be banned, as text, so that an index can find them.

    `is_cut`: of the address only the network of several people is known, so none that is narrower counts.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return []
    ip = getattr(ip, "ipv4_mapped", None) or ip
    number, bits, kind = int(ip), ip.max_prefixlen, type(ip)
    narrowest = IPV4_PREFIX if is_cut and ip.version == 4 else bits
    lengths = range(WIDEST[ip.version], narrowest + 1)  # By shifting: Python's own networks take five times as long.
    if ip.version == 4:
        masked = ((number >> bits - length << bits - length, length) for length in lengths)
        around = [f"{each >> 24}.{each >> 16 & 255}.{each >> 8 & 255}.{each & 255}/{length}" for each, length in masked]
    else:
        around = [f"{kind(number >> bits - length << bits - length)}/{length}" for length in lengths]
    return around if narrowest < bits else [*around, erased_target(around[-1])]


def _forms(email: str) -> tuple[str, str]:
    """Return a folded address as a ban holds it, and as one does whose person has been erased."""
    return email, erased_target(email)


def verdict() -> Verdict:
    """Return the verdict of a quiet ban: trash, while the author is shown that the comment waits."""
    return Verdict.refuse(QUIET_BAN)


def refusal(found: Ban, draft: Draft) -> Banned:
    """Return the error for an open ban: until when, why, and where to appeal."""
    notice = _notice_for(found, draft)
    said = [*sentences(found), _("You can still copy your text below.")]
    return Banned(" ".join(said), appeal_url=notice.url)


def sentences(found: Ban) -> list[str]:
    """Return the sentences that explain an open ban: what is banned until when, and why."""
    why = refusal_reasons.sentence_of(found.reason)
    return [_about(found.kind, found.ends_at), *([_("The reason: %s") % why] if why else [])]


def _about(kind: str, ends_at: dt.datetime | None) -> str:
    # In some languages, times end in a dot themselves: "2 p.m."
    until = date_format(localtime(ends_at), "DATETIME_FORMAT").removesuffix(".") if ends_at else ""
    match kind, until:
        case Ban.Kind.ACCOUNT, "":
            return _("This account cannot reply here.")
        case Ban.Kind.ACCOUNT, _until:
            return _("This account cannot reply here until %s.") % until
        case Ban.Kind.EMAIL, "":
            return _("Replies with this email address are blocked.")
        case Ban.Kind.EMAIL, _until:
            return _("Replies with this email address are blocked until %s.") % until
        case _kind, "":
            return _("Replies from your network are blocked.")
    return _("Replies from your network are blocked until %s.") % until


def _owns_address(ban: Ban, draft: Draft) -> bool:
    """Say whether the banned address is the author's: this browser left a comment with it before, or confirmed it.

    A comment of later proves nothing: whoever wants to know whether an address is banned could leave one to find out.
    """
    confirmed = EmailConfirmation.objects.filter(comment=OuterRef("comment"), confirmed_at__isnull=False)
    mine = ConnectionData.objects.filter(comment__in=draft.visit.comments)
    proving = mine.filter(Q(comment__created_at__lt=ban.created_at) | Exists(confirmed))
    return any(ban.email in _forms(fold(email)) for email in proving.values_list("email", flat=True))


class BanNotice(NamedTuple):
    """Who was shown a ban. The signed address of their private page holds it.

    `who` is BanAppeal.OWNER, or a keyed hash of the account or network. `token` tells guests of one network apart, so
    that none of them can read what another wrote.
    """

    ban_id: int
    who: str
    token: str = ""

    @property
    def is_owner(self) -> bool:
        return self.who == BanAppeal.OWNER

    @property
    def url(self) -> str:
        return reverse("ban", args=[self.ban_id, signing.Signer(salt=SALT).sign_object(list(self))])


def read_notice(token: str) -> BanNotice:
    """Return what the token in a private page's address holds. Raises signing.BadSignature."""
    return BanNotice(*signing.Signer(salt=SALT).unsign_object(token))


def _notice_for(found: Ban, draft: Draft) -> BanNotice:
    """An account owns its ban, and so does whoever is told of the ban of an email address."""
    identity = draft.author.identity
    if found.kind != Ban.Kind.NETWORK:
        return BanNotice(found.pk, BanAppeal.OWNER)
    if identity:
        person = f"user:{identity.user_id}" if identity.user_id else f"identity:{identity.pk}"
        return BanNotice(found.pk, keyed("ban", person))
    return BanNotice(found.pk, keyed("ban", f"network:{network_of(draft.visit.address)}"), new_token())


def on_authors(comments: Iterable[Comment]) -> dict[int, list[Ban]]:
    """Return the bans in force against each comment's author, by comment id; comments without any are missing.

    One query however many; `identity` and `connection_data` should be loaded. Of a person's identities, only the
    comment's own counts.
    """
    wanted: dict[int, tuple[int | None, str, set[str]]] = {}
    for comment in comments:
        data = getattr(comment, "connection_data", None)
        email = "" if comment.identity_id or data is None else fold(data.email)
        networks = set(_networks_around(data.address or "", is_cut=data.address_is_cut)) if data else set()
        wanted[comment.pk] = (comment.identity_id, email, networks)
    around = {name for _identity, _email, networks in wanted.values() for name in networks}
    rows = list(
        Ban.objects.in_force().filter(
            Q(identity__in={identity for identity, _email, _networks in wanted.values() if identity})
            | Q(email__in={each for _identity, email, _networks in wanted.values() if email for each in _forms(email)})
            & ~Q(email="")
            | Q(network__in=around) & ~Q(network="")
        )
    )
    found = {
        pk: [
            row
            for row in rows
            if (row.identity_id and row.identity_id == identity) or (email and row.email in _forms(email))
            or row.network in networks
        ]
        for pk, (identity, email, networks) in wanted.items()
    }  # fmt: skip
    return {pk: bans for pk, bans in found.items() if bans}
