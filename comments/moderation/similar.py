"""Finding comments that are like a given one, among those of the same hours. For cleaning up after a raid.

To add a criterion, write a function that compares two `Features` and add its line to WAYS. Nothing is decided here.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Case, CharField, F, TextField, Value, When
from django.db.models.functions import Cast, Substr

from comments.models import Comment
from comments.models.querysets import CommentQuerySet
from comments.screening.compiled_entries import clean_domain
from comments.screening.normalise import plain
from newsreader.kit.client_address import IPV6_PREFIX
from newsreader.kit.text import fold

Way = Literal["network", "domain", "text", "email"]
MOST = 20_000  # comments that are compared
READ = 2_000  # characters of each text
TOGETHER = 3  # words to a shingle
NEAR = 0.5  # the share of shingles that two texts must have in common
EVERY_WAY: tuple[Way, ...] = ("network", "domain", "text", "email")
_LINK = re.compile(r'<a href="([^"]*)"')
# A word, or a single character in scripts that are written without spaces.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+")


@dataclass(frozen=True)
class Match:
    """A similar comment, and how it is alike: `network`, `domain`, `text`, `email`."""

    comment_id: int
    reasons: tuple[Way, ...]


@dataclass
class Features:
    """What is compared of a comment. Costly features are computed on demand."""

    comment_id: int
    address: str
    is_cut: bool
    email: str
    text_key: str
    body: str
    html: str
    ipv4_prefix: int = field(default=24)

    @cached_property
    def network(self) -> str:
        """Return the /64 of an IPv6 address, or the network of `ipv4_prefix` bits of an IPv4 one; empty without one.

        Of an old IPv4 address only the /24 is known.
        """
        if not self.address or (self.is_cut and self.ipv4_prefix == 32 and ":" not in self.address):
            return ""
        ip = ipaddress.ip_address(self.address.partition("/")[0])
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return str(ipaddress.ip_network((ip, IPV6_PREFIX if ip.version == 6 else self.ipv4_prefix), strict=False))

    @cached_property
    def domains(self) -> frozenset[str]:
        return frozenset(_domains(self.html))

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        words = _WORD.findall(plain(self.body))
        return frozenset(zip(*(words[start:] for start in range(TOGETHER)), strict=False))


def find_similar(
    comment: Comment,
    *,
    rows: CommentQuerySet,
    by: Collection[Way] = EVERY_WAY,
    hours: float = 24,
    ipv4_prefix: Literal[24, 32] = 24,
) -> list[Match]:
    """Return the comments of `rows` that are like this one, newest first, without the comment itself.

    `rows` are what this moderator may see, `by` the criteria, of which one suffices. Compared are the hours before and
    after it, at most the newest MOST comments. One query, and one more where the connection data is not loaded.
    """
    span = dt.timedelta(hours=hours)
    near = rows.filter(created_at__gte=comment.created_at - span, created_at__lte=comment.created_at + span)
    wanted = [way for way in EVERY_WAY if way in by]
    this = _features_of(comment, ipv4_prefix)
    found = []
    for features in _features(near.exclude(pk=comment.pk), wanted, ipv4_prefix):
        if reasons := tuple(way for way in wanted if WAYS[way](this, features)):
            found.append(Match(features.comment_id, reasons))
    return found


def _features_of(comment: Comment, ipv4_prefix: int) -> Features:
    connection = getattr(comment, "connection_data", None)
    address, email = (connection.address or "", fold(connection.email)) if connection else ("", "")
    is_cut = bool(connection and connection.address_is_cut)
    return Features(
        comment.pk, address, is_cut, email, comment.text_key, comment.body[:READ], comment.html, ipv4_prefix
    )


def _features(rows: CommentQuerySet, ways: Collection[Way], ipv4_prefix: int) -> Iterator[Features]:
    """Read only what is compared, a few thousand rows at a time; texts and links only where they count."""
    nothing: Any = Value("", output_field=TextField())
    html = Case(When(link_count__gt=0, then=F("html")), default=nothing) if "domain" in ways else nothing
    body = Substr("body", 1, READ) if "text" in ways else nothing
    network = (Cast("connection_data__address", CharField()), "connection_data__address_is_cut")
    columns = (*network, "connection_data__email", "text_key", body, html)
    read = rows.order_by("-created_at", "-pk").values_list("pk", *columns)[:MOST]
    for pk, address, is_cut, email, text_key, text, links in read.iterator(chunk_size=2_000):
        yield Features(pk, address or "", bool(is_cut), fold(email or ""), text_key, text, links, ipv4_prefix)


def _domains(html: str) -> Iterator[str]:
    """Yield the domains that a comment links to, without our own."""
    own = clean_domain(urlsplit(settings.SITE_URL).hostname or "")
    for address in _LINK.findall(html):
        try:
            host = clean_domain(urlsplit(address).hostname or "")
        except ValueError:
            continue
        if host and host != own:
            yield host


# --- Ways ---------------------------------------------------------------------------------------------------------


def _same_network(this: Features, other: Features) -> bool:
    return bool(this.network) and this.network == other.network


def _same_domain(this: Features, other: Features) -> bool:
    return not this.domains.isdisjoint(other.domains)


def _near_text(this: Features, other: Features) -> bool:
    """Compare by shingles. Texts too short to tell apart have no key and are like none."""
    if not this.text_key or not other.text_key:
        return False
    if this.text_key == other.text_key:
        return True
    # Texts of such different lengths cannot share enough shingles.
    if not 1 / 4 < (len(this.body) + 1) / (len(other.body) + 1) < 4:
        return False
    common = len(this.shingles & other.shingles)
    return common > 0 and common >= NEAR * len(this.shingles | other.shingles)


def _same_email(this: Features, other: Features) -> bool:
    return bool(this.email) and this.email == other.email


WAYS: dict[Way, Callable[[Features, Features], bool]] = {
    "network": _same_network,
    "domain": _same_domain,
    "text": _near_text,
    "email": _same_email,
}
