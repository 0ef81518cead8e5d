"""The filter entries in force, ready for matching: read once in each process, and again when an entry has changed."""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, TypeVar, cast

from django.db.models import CharField, Count, Max, Model, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from articles.models.article import Article
from comments.models import FilterEntry
from comments.screening import patterns
from comments.screening.normalise import has_accents, mixed, plain
from newsreader.kit.compiled_queries import Compiled

logger = logging.getLogger(__name__)
Match, Action = FilterEntry.Match, FilterEntry.Action
Row = TypeVar("Row", bound=Model)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class CompiledEntry:
    """One entry with the forms in which it is matched. `plain` keeps accents if the editor typed some."""

    def __init__(self, entry: FilterEntry):
        self.pattern, self.match, self.action, self.pk = entry.pattern, entry.match, entry.action, entry.pk
        self.only_counts, self.ends_at = entry.only_counts, entry.ends_at
        self.section_id, self.article_id = entry.section_id, entry.article_id
        self.match_label, self.action_label = Match(entry.match).label, Action(entry.action).label
        self.accents = has_accents(entry.pattern)
        self.plain = plain(entry.pattern, accents=self.accents)
        self.letters = self.plain.replace(" ", "")
        self.mixed = mixed(self.plain)
        self.domain = clean_domain(entry.pattern) if entry.match == Match.DOMAIN else ""
        self.network = network_in(entry.pattern) if entry.match == Match.NETWORK else None
        self.agent = entry.pattern.casefold() if entry.match == Match.AGENT else ""
        self.regex = patterns.compiled(entry.pattern) if entry.match == Match.REGEX else None
        # In WordPress' lists, a word such as `127.0` also matches IP addresses that begin with it.
        self.prefix = network_in(entry.pattern) if entry.match in {Match.WORD, Match.SUBSTRING} else None

    def counts_in(self, article_id: int, section_id: int | None) -> bool:
        """Say whether this entry applies to comments under that article, which is in that section."""
        if self.article_id is not None:
            return self.article_id == article_id
        return self.section_id is None or self.section_id == section_id

    def has_ended(self, now: dt.datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now


class CompiledEntries:
    """Entries, grouped by how they are matched. One that was written past this site, and says nothing, is left out."""

    def __init__(self, rows: Iterable[FilterEntry]):
        entries = [CompiledEntry(row) for row in rows if _is_understood(row)]
        self.texts = [entry for entry in entries if entry.match in {Match.WORD, Match.SUBSTRING} and entry.plain]
        self.networks = [entry for entry in entries if entry.network]
        self.agents = [entry for entry in entries if entry.agent]
        self.regexes = [entry for entry in entries if entry.regex]
        self.domains: dict[str, list[CompiledEntry]] = defaultdict(list)
        for entry in entries:
            if entry.domain:
                self.domains[entry.domain].append(entry)

    def bans(self, address: str, article: Article | None = None) -> bool:
        """Say whether posting from this IP address is refused under the article; without one, on the whole site."""
        article_id, section_id = (article.pk, article.section_id) if article else (0, None)
        now = timezone.now()
        return any(
            entry.action == Action.BAN
            and not entry.only_counts
            and not entry.has_ended(now)
            and entry.counts_in(article_id, section_id)
            for entry in self.from_network(address)
        )

    def from_network(self, address: str) -> list[CompiledEntry]:
        ip = _address_in(address)
        return [entry for entry in self.networks if _holds(entry.network, ip)] if ip else []


def _is_understood(row: FilterEntry) -> bool:
    """Say whether an entry says what this site knows: SQL may write anything, and no post waits for its mending."""
    known = row.match in Match.values and row.action in Action.values
    if not known:
        logger.error("Entry %s of the block list is left out: match %r, action %r", row.pk, row.match, row.action)
    return known


def current() -> CompiledEntries:
    """Return the entries in force. Some may have ended since they were read. One query; two after a change."""
    return _read(*next(iter(_state()), [""]))


def with_state(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Have a statement about something else also say whether entries have changed: `under` then needs none."""
    found: Any = rows.annotate(entries=_state.build())
    return cast(QuerySet[Row], found)


def under(row: Any) -> CompiledEntries:
    """Return the entries in force, as of when this row was read `with_state`. No query; one after a change."""
    return _read(row.entries or "")


def check_room(wanted: Iterable[str], instead_of: Collection[int] = ()) -> None:
    """Raise TooManyPatterns if there is no room for these regular expressions beside those in force.

    `instead_of` are the ids of entries that they replace. As many queries as `current`.
    """
    now = timezone.now()
    standing = [entry for entry in current().regexes if entry.pk not in instead_of and not entry.has_ended(now)]
    added = [regex for pattern in wanted if (regex := patterns.compiled(pattern))]
    patterns.check_room([*(entry.regex for entry in standing), *added])


@Compiled
def _state() -> QuerySet[FilterEntry, tuple[str]]:
    """What is another text once an entry has changed: when the last one did, and how many there are; no row: none."""
    active = FilterEntry.objects.filter(is_active=True).order_by().values("is_active")
    last, size = Cast(Max("changed_at"), CharField()), Cast(Count("pk"), CharField())
    return active.annotate(state=Concat(last, Value(" "), size)).values_list("state")


@lru_cache(maxsize=1)
def _read(state: str) -> CompiledEntries:
    if not state:
        return CompiledEntries([])
    not_over = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
    return CompiledEntries(FilterEntry.objects.filter(not_over, is_active=True))


def clean_domain(text: str) -> str:
    """Return a domain in the form that is compared: `*.Casino.example/bonus` becomes `casino.example`."""
    host = text.strip().lower().partition("://")[2] or text.strip().lower()
    host = (
        host.rpartition("@")[2].partition("/")[0].partition(":")[0].removeprefix("*.").removeprefix("www.").strip(".")
    )
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def network_in(text: str) -> Network | None:
    """Return the network in this text: an address, `192.0.2.0/24`, or the beginning of an address, `192.0.2.`."""
    text = text.strip()
    parts = text.rstrip(".").split(".")
    if 2 <= len(parts) < 4 and all(part.isascii() and part.isdigit() for part in parts):
        text = f"{'.'.join([*parts, *['0'] * (4 - len(parts))])}/{8 * len(parts)}"
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def lies_in(address: str, where: Network | None) -> bool:
    return _holds(where, _address_in(address))


def _address_in(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _holds(where: Network | None, ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    return where is not None and ip is not None and ip.version == where.version and ip in where
