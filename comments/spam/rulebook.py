"""The editors' lists, ready to be looked through: read once in each process, and again when an entry has changed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from django.db.models import Count, Max

from comments.models import Rule
from comments.spam.normalise import has_accents, mixed, plain

Match, Action = Rule.Match, Rule.Action
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Entry:
    """One entry with what it is compared with. `plain` keeps accents where the editor wrote some."""

    def __init__(self, rule: Rule):
        self.pattern, self.match, self.action, self.pk = rule.pattern, rule.match, rule.action, rule.pk
        self.match_label, self.action_label = Match(rule.match).label, Action(rule.action).label
        self.accents = has_accents(rule.pattern)
        self.plain = plain(rule.pattern, accents=self.accents)
        self.letters = self.plain.replace(" ", "")
        self.mixed = mixed(self.plain)
        self.domain = clean_domain(rule.pattern) if rule.match == Match.DOMAIN else ""
        self.network = network_in(rule.pattern) if rule.match == Match.NETWORK else None
        # `127.0` in a list of words has always meant addresses that begin so.
        self.prefix = network_in(rule.pattern) if rule.match in {Match.WORD, Match.SUBSTRING} else None


class Rulebook:
    """All entries in force."""

    def __init__(self, rules: Iterable[Rule]):
        entries = [Entry(rule) for rule in rules]
        self.texts = [entry for entry in entries if entry.match in {Match.WORD, Match.SUBSTRING} and entry.plain]
        self.domains = {entry.domain: entry for entry in entries if entry.domain}
        self.networks = [entry for entry in entries if entry.network]

    def bans(self, address: str) -> bool:
        """Say whether nobody from this address may post."""
        return any(entry.action == Action.BAN for entry in self.from_network(address))

    def from_network(self, address: str) -> list[Entry]:
        return [entry for entry in self.networks if lies_in(address, entry.network)]


def current() -> Rulebook:
    """Return the lists as they are now. One query; two where something has changed."""
    return _read(*_state())


def _state() -> tuple[object, int]:
    state = Rule.objects.filter(is_active=True).aggregate(last=Max("changed_at"), size=Count("pk"))
    return state["last"], state["size"]


@lru_cache(maxsize=1)
def _read(last: object, size: int) -> Rulebook:
    return Rulebook(Rule.objects.filter(is_active=True) if size else [])


def clean_domain(text: str) -> str:
    """Return a domain as it is compared: `*.Casino.example/bonus` and `@casino.example` are `casino.example`."""
    host = text.strip().lower().partition("://")[2] or text.strip().lower()
    host = (
        host.rpartition("@")[2].partition("/")[0].partition(":")[0].removeprefix("*.").removeprefix("www.").strip(".")
    )
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def network_in(text: str) -> Network | None:
    """Return the network that is written here: an address, `192.0.2.0/24`, or the beginning of one, `192.0.2.`."""
    text = text.strip()
    parts = text.rstrip(".").split(".")
    if 2 <= len(parts) < 4 and all(part.isascii() and part.isdigit() for part in parts):
        text = f"{'.'.join([*parts, *['0'] * (4 - len(parts))])}/{8 * len(parts)}"
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def lies_in(address: str, where: Network | None) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return where is not None and ip.version == where.version and ip in where
