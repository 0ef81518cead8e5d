"""Whom a ban is against: an account, an email address or a network. Checked here, and brought into stored form."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from comments.models import Ban, Comment
from comments.models.permissions import may_moderate, moderators_of
from comments.models.querysets import BanQuerySet
from comments.screening.ban_checks import WIDEST
from comments.screening.compiled_entries import Network, lies_in, network_in
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.client_address import IPV6_PREFIX
from newsreader.kit.email_addresses import is_email, tidy_email, why_not
from newsreader.kit.errors import FieldError, Invalid, Sentence
from newsreader.kit.text import fold

Target = tuple[int | None, str, str]  # an identity's id, an email address, a network; two of them are empty


def check(
    identity: CommenterIdentity | None,
    email: str,
    network: str,
    by: User,
    from_address: str = "",
    ends_at: dt.datetime | None = None,
) -> dict[str, Any]:
    """Return the target as it is stored. Raises Invalid, naming the field, where it cannot be banned."""
    target = _target(identity, email, network)
    _refuse_exempt(target, by, from_address)
    if ends_at and ends_at <= timezone.now():
        raise _invalid("ends_at", "ban_is_over", _("This is in the past."))
    return target


def _target(identity: CommenterIdentity | None, email: str, network: str) -> dict[str, Any]:
    """Return the target with its address folded and its network in the shortest form."""
    if sum(map(bool, (identity, email.strip(), network.strip()))) != 1:
        sentence = _("A ban needs exactly one of these: an account, an email address or a network.")
        raise _invalid("identity", "ban_of_one_kind", sentence)
    email = tidy_email(email)
    if email and (wrong := why_not(email)):
        raise _invalid("email", "require_valid_email", wrong)
    return {
        "identity": identity,
        "email": fold(email),
        "network": str(_network(network)) if network.strip() else "",
    }


def _network(text: str) -> Network:
    """Read an IP address or a network. A single IPv6 address stands for its /64: one subscriber has all of it."""
    found = network_in(text)
    if found is None:
        raise _invalid(
            "network", "ban_network_invalid", _("This is not an IP address or a network: %s") % text.strip()[:50]
        )
    if isinstance(found, ipaddress.IPv6Network):
        if found.prefixlen >= 96 and (mapped := found.network_address.ipv4_mapped):
            found = ipaddress.ip_network(f"{mapped}/{found.prefixlen - 96}")
        elif found.prefixlen == 128:
            found = found.supernet(new_prefix=IPV6_PREFIX)
    if found.prefixlen < WIDEST[found.version]:
        sentence = (
            _("This network is too wide and would shut out too many people. Widest: /%d.") % WIDEST[found.version]
        )
        raise _invalid("network", "ban_network_too_wide", sentence)
    return found


def _refuse_exempt(target: dict[str, Any], by: User, from_address: str) -> None:
    """Raise Invalid where the ban would keep out the newsroom, or the moderator who bans."""
    identity = target["identity"]
    user = identity.user if identity else None
    if user and user.pk == by.pk:
        raise _invalid("identity", "ban_of_oneself", _("This is your own account."))
    if user and (user.is_staff or may_moderate(user)):
        raise _invalid("identity", "ban_of_newsroom", _("This account belongs to the newsroom."))
    if target["network"] and is_own_network(target["network"], from_address):
        raise _invalid("network", "ban_of_oneself", _("You are in this network yourself."))


def _invalid(field: str, code: str, sentence: Sentence) -> Invalid:
    return Invalid([FieldError(field, code, sentence)])


def all_bans_of(targets: Collection[Target]) -> BanQuerySet:
    """Return every ban of these targets, in force or past."""
    return Ban.objects.filter(
        Q(identity__in=[identity for identity, _email, _network in targets if identity])
        | Q(email__in=[email for _identity, email, _network in targets if email]) & ~Q(email="")
        | Q(network__in=[network for _identity, _email, network in targets if network]) & ~Q(network="")
    )


def target_of(row: Ban) -> Target:
    return row.identity_id, row.email, row.network


def targets_of(comments: Iterable[Comment], by: User, networks: bool, from_address: str) -> tuple[list[Target], int]:
    """Return the targets for the authors of these comments, as they are stored, and how many were skipped."""
    exempt = newsroom(by)
    found: dict[Target, None] = {}
    skipped: set[Target] = set()
    for comment in comments:
        identity, connection = comment.identity, getattr(comment, "connection_data", None)
        if identity:
            account: Target = (identity.pk, "", "")
            skipped.add(account) if is_exempt(identity, exempt) else found.setdefault(account)
        elif connection:
            if is_email(connection.email):
                found.setdefault((None, fold(connection.email), ""))
            # A network of which only the outline is left holds many others, who are not to be banned unseen.
            if networks and connection.address and not (connection.address_is_cut and ":" not in connection.address):
                network = _network(connection.address)
                near: Target = (None, "", str(network))
                skipped.add(near) if lies_in(from_address, network) else found.setdefault(near)
    return list(found), len(skipped)


def newsroom(by: User) -> set[int]:
    """Return the accounts that a batch never bans: all moderators, and whoever bans. One query."""
    return set(moderators_of(0).values_list("pk", flat=True)) | {by.pk}


def is_exempt(identity: CommenterIdentity, exempt: set[int]) -> bool:
    return bool(identity.user and (identity.user.is_staff or identity.user_id in exempt))


def is_own_network(network: str, from_address: str) -> bool:
    """Say whether the address of the moderator who bans is in this network."""
    return lies_in(from_address, ipaddress.ip_network(network))
