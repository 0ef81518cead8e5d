"""Where comments came from, as a condition that an index answers: an address, a network, how an address begins.

PostgreSQL's addresses have an order, so each of these is a few stretches of it. SQLite keeps the texts of addresses:
there, all addresses of a network begin with one of a few texts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q

from comments.spam.rulebook import Network

MOST = 256  # texts with which the addresses of a network may begin: an IPv6 /33 to /39 has more, and finds nothing
_BEGINNING = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}\.?|[0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,7}:?", re.IGNORECASE)


def from_network(text: str) -> Q:
    """Match an address, however it is written, a network, or the beginning of an address; nothing where it is none."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _from_beginning(text.lower())
    if network.num_addresses == 1:
        return Q(trace__address=str(network.network_address))
    if connection.vendor == "postgresql":
        return Q(trace__address__gte=str(network[0]), trace__address__lte=str(network[-1]))
    if network.num_addresses <= MOST:
        return Q(trace__address__in=[str(address) for address in network])
    return _any(begins("trace__address", text) for text in _beginnings(network))


def begins(column: str, text: str) -> Q:
    """Match texts that begin so: by a range of the index, which on PostgreSQL has to be one of patterns."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    code = ord(text[-1]) + 1
    after = chr(0xE000 if 0xD800 <= code <= 0xDFFF else min(code, 0x10FFFF))  # Half a character can be sent nowhere.
    return Q(**{f"{column}__gte": text, f"{column}__lt": text[:-1] + after})


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q(pk__in=[]))


def _beginnings(network: Network) -> list[str]:
    """Return the texts with which all addresses of a network begin, and no others; none where they are too many."""
    bits, mark, base = (8, ".", "d") if network.version == 4 else (16, ":", "x")
    groups = [int(group, 10 if base == "d" else 16) for group in re.split(r"[.:]", network[0].exploded)]
    whole, rest = divmod(network.prefixlen, bits)
    several = 2 ** (bits - rest) if rest else 1
    if not whole or several > MOST:
        return []
    kept = groups[: whole + 1] if rest else groups[:whole]
    found = [mark.join(f"{group:{base}}" for group in [*kept[:-1], kept[-1] + n]) + mark for n in range(several)]
    if network.version == 6 and not kept[-1]:  # Two and more groups of nothing are written shorter.
        found.append(mark.join(f"{group:x}" for group in _without_end(kept)) + "::")
    return found


def _without_end(groups: list[int]) -> list[int]:
    while groups and not groups[-1]:
        groups = groups[:-1]
    return groups


def _from_beginning(text: str) -> Q:
    if not _BEGINNING.fullmatch(text):
        return Q(pk__in=[])
    if connection.vendor != "postgresql":
        return begins("trace__address", text)
    stretches = [] if ":" in text or not text[0].isdecimal() else _stretches(text, 4)
    stretches += [] if "." in text else _stretches(text, 6)
    return _any(Q(trace__address__gte=first, trace__address__lte=last) for first, last in stretches)


def _stretches(text: str, version: int) -> list[tuple[str, str]]:
    """Return the first and last address of each stretch of addresses that begin so."""
    bits, mark, base, longest = (8, ".", 10, 3) if version == 4 else (16, ":", 16, 4)
    of = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    size = 32 if version == 4 else 128
    *whole, part = text.split(mark)
    start, left = 0, size
    for group in whole:
        start, left = (start << bits) | int(group, base), left - bits
    if left < bits or any(int(group, base) >= 2**bits for group in whole):
        return []
    if not part:
        return [(str(of(start << left)), str(of((start << left) + 2**left - 1)))]
    if part.startswith("0") and (part != "0" or not whole):  # So no number begins; and nothing at all is written `::`.
        return []
    found, left = [], left - bits
    for more in range(longest - len(part) + 1 if part != "0" else 1):
        low, high = int(part, base) * base**more, (int(part, base) + 1) * base**more - 1
        if low < 2**bits:
            first = ((start << bits) | low) << left
            last = (((start << bits) | min(high, 2**bits - 1)) + 1 << left) - 1
            found.append((str(of(first)), str(of(last))))
    return found
