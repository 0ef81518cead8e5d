"""Whether somebody is under a ban: asked at posting, and shown on the desk."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from django.core import signing
from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from comments.audit import reasons
from comments.audit.reason_codes import QUIET_BAN
from comments.drafts import Draft, keyed
from comments.errors import Banned
from comments.models import Ban, BanAppeal, Comment, ConnectionData, new_token
from comments.screening.verdict import Verdict
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.text import fold
from newsreader.kit.web import network as network_of

SOURCE = "ban"  # The name under which a quiet ban's decisions are recorded.


SALT = "comments.ban"  # of the addresses of private pages


WIDEST = {4: 8, 6: 19}  # bits of the widest networks: above these stand countries, not people


def against(draft: Draft, *, account_only: bool = False) -> Ban | None:
    """Return the ban that whoever sends this is under, the open one before the quiet; None where there is none.

    One query. Of a person with several identities each counts; an address binds guests alone. `account_only`: of
    moderators, neither address nor network matters.
    """
    author, who = draft.author, Q()
    if author.identity:
        mine = CommenterIdentity.objects.filter(user=author.identity.user_id) if author.identity.user_id else None
        who |= Q(identity__in=mine.values("pk")) if mine is not None else Q(identity=author.identity.pk)
    elif author.email and not account_only:
        who |= Q(email=fold(author.email)) & ~Q(email="")
    if not account_only and (networks := _networks_around(draft.visit.address)):
        who |= Q(network__in=networks) & ~Q(network="")
    return Ban.objects.in_force().filter(who).order_by("quiet", "pk").first() if who else None


def _networks_around(address: str) -> list[str]:
    """Return every network that an address lies in and that could be banned: an index finds these by name."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return []
    ip = getattr(ip, "ipv4_mapped", None) or ip
    lengths = range(WIDEST[ip.version], ip.max_prefixlen + 1)
    return [str(ipaddress.ip_network((ip, length), strict=False)) for length in lengths]


def verdict() -> Verdict:
    """Return what a quiet ban says about a draft: into the trash, while its author is told that it waits."""
    return Verdict.refuse(QUIET_BAN)


def refusal(found: Ban, draft: Draft) -> Banned:
    """Return what an open ban answers: until when, and why, and where one may object."""
    told = _told_to(found, draft)
    said = [*sentences(found, told.is_owner), _("Your text is below, so that you can keep it.")]
    return Banned(" ".join(said), appeal_url=told.url)


def sentences(found: Ban, is_owner: bool) -> list[str]:
    """Return what an open ban is told as: what is so until when, and why.

    Why a typed address is banned is nobody's business but its owner's: it is told where this browser has left a
    comment under it.
    """
    said = [_about(found.kind, found.ends_at)]
    why = reasons.sentence_of(found.reason)
    if why and (found.kind != Ban.Kind.EMAIL or is_owner):
        said.append(_("The reason: %s") % why)
    return said


def _about(kind: str, ends_at: dt.datetime | None) -> str:
    # Times end in a dot themselves in some languages: "2 p.m."
    until = date_format(localtime(ends_at), "DATETIME_FORMAT").removesuffix(".") if ends_at else ""
    match kind, until:
        case Ban.Kind.ACCOUNT, "":
            return _("This account cannot reply here.")
        case Ban.Kind.ACCOUNT, _until:
            return _("This account cannot reply here until %s.") % until
        case Ban.Kind.EMAIL, "":
            return _("Nobody can reply here under this email address.")
        case Ban.Kind.EMAIL, _until:
            return _("Nobody can reply here under this email address until %s.") % until
        case _kind, "":
            return _("Nobody can reply here from your network.")
    return _("Nobody can reply here from your network until %s.") % until


def _has_written(draft: Draft) -> bool:
    emails = ConnectionData.objects.filter(comment__in=draft.visit.comments).values_list("email", flat=True)
    return fold(draft.author.email) in map(fold, emails)


class BanNotice(NamedTuple):
    """Who was told of a ban, as the signed address of their private page says.

    `who` is BanAppeal.OWNER, or a keyed hash of the account or of the network. `token` tells apart those of one network
    whom nobody knows, so that none reads what another wrote.
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
    """Return what the address of a private page says. Raises signing.BadSignature."""
    return BanNotice(*signing.Signer(salt=SALT).unsign_object(token))


def _told_to(found: Ban, draft: Draft) -> BanNotice:
    """An account is surely whom its ban is of, an address only where this browser has left a comment under it."""
    identity = draft.author.identity
    if found.kind == Ban.Kind.ACCOUNT or (found.kind == Ban.Kind.EMAIL and _has_written(draft)):
        return BanNotice(found.pk, BanAppeal.OWNER)
    if identity:
        person = f"user:{identity.user_id}" if identity.user_id else f"identity:{identity.pk}"
        return BanNotice(found.pk, keyed("ban", person))
    return BanNotice(found.pk, keyed("ban", f"network:{network_of(draft.visit.address)}"), new_token())


def on_authors(comments: Iterable[Comment]) -> dict[int, list[Ban]]:
    """Return the bans in force that each of these comments' authors is under, by comment; none: missing.

    One query however many; `identity` and `connection_data` should be loaded. Of an identity its own ban alone is
    shown.
    """
    wanted: dict[int, tuple[int | None, str, set[str]]] = {}
    for comment in comments:
        trace = getattr(comment, "connection_data", None)
        email = "" if comment.identity_id or trace is None else fold(trace.email)
        networks = set(_networks_around(trace.address or "")) if trace else set()
        wanted[comment.pk] = (comment.identity_id, email, networks)
    around = {name for _identity, _email, networks in wanted.values() for name in networks}
    rows = list(
        Ban.objects.in_force().filter(
            Q(identity__in={identity for identity, _email, _networks in wanted.values() if identity})
            | Q(email__in={email for _identity, email, _networks in wanted.values() if email}) & ~Q(email="")
            | Q(network__in=around) & ~Q(network="")
        )
    )
    found = {
        pk: [
            row
            for row in rows
            if (row.identity_id and row.identity_id == identity) or (row.email and row.email == email)
            or row.network in networks
        ]
        for pk, (identity, email, networks) in wanted.items()
    }  # fmt: skip
    return {pk: bans for pk, bans in found.items() if bans}
