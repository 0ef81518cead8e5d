"""Finding comments by IP address, network, or beginning of an address, with a condition that an index serves.

PostgreSQL orders addresses, so each search is a few ranges of them. SQLite stores addresses as text; there, all
addresses of a network begin in one of a few ways.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q

from comments.screening.compiled_entries import Network

MOST = 256  # beginnings of one network's addresses; an IPv6 /33 to /39 has more, and finds nothing
_BEGINNING = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}\.?|[0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,7}:?", re.IGNORECASE)


def from_network(text: str) -> Q:
    """Match an address, however it is written, a network, or the beginning of an address; nothing for anything else."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _from_beginning(text.lower())
    if network.num_addresses == 1:
        return Q(connection_data__address=str(network.network_address))
    if connection.vendor == "postgresql":
        return Q(connection_data__address__gte=str(network[0]), connection_data__address__lte=str(network[-1]))
    if network.num_addresses <= MOST:
        return Q(connection_data__address__in=[str(address) for address in network])
    return _any(condition for groups in _beginnings(network) for condition in _written(groups, network.version))


def begins(column: str, text: str) -> Q:
    """Match texts with this beginning, as a range of the index (on PostgreSQL one with `text_pattern_ops`)."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    code = ord(text[-1]) + 1
    after = chr(0xE000 if 0xD800 <= code <= 0xDFFF else min(code, 0x10FFFF))  # A lone surrogate cannot be encoded.
    return Q(**{f"{column}__gte": text, f"{column}__lt": text[:-1] + after})


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q(pk__in=[]))


def _beginnings(network: Network) -> list[list[int]]:
    """Return the groups of digits with which a network's addresses begin, and only those; none where too many do."""
    bits, base = (8, 10) if network.version == 4 else (16, 16)
    groups = [int(group, base) for group in re.split(r"[.:]", network[0].exploded)]
    whole, rest = divmod(network.prefixlen, bits)
    several = 2 ** (bits - rest) if rest else 1
    if not whole or several > MOST:
        return []
    kept = groups[: whole + 1] if rest else groups[:whole]
    return [[*kept[:-1], kept[-1] + n] for n in range(several)]


def _written(groups: list[int], version: int) -> Iterator[Q]:
    """Yield each spelling of addresses that begin with these groups.

    In an IPv6 address, one run of two or more zero groups is written `::`. How long it is depends on how many groups
    follow, which a range of the index cannot express.
    """
    if version == 4:
        yield begins("connection_data__address", "".join(f"{group}." for group in groups))
        return
    yield begins("connection_data__address", "".join(f"{group:x}:" for group in groups))
    left = 8 - len(groups)
    for nothing in re.finditer("0+", "".join("x" if group else "0" for group in groups)):
        before, after = (
            ":".join(f"{group:x}" for group in part) for part in (groups[: nothing.start()], groups[nothing.end() :])
        )
        if after and len(nothing[0]) > 1:
            rest = f"{after}(:[0-9a-f]+){{{left}}}"
        elif not after:  # More zero groups may follow.
            rest = f"([0-9a-f]+(:[0-9a-f]+){{0,{left - 1}}})?"
        else:
            continue
        yield begins("connection_data__address", f"{before}::") & Q(
            connection_data__address__regex=f"^{before}::{rest}$"
        )


def _from_beginning(text: str) -> Q:
    if not _BEGINNING.fullmatch(text):
        return Q(pk__in=[])
    if connection.vendor != "postgresql":
        return begins("connection_data__address", text)
    ranges = [] if ":" in text or not text[0].isdecimal() else _ranges(text, 4)
    ranges += [] if "." in text else _ranges(text, 6)
    return _any(Q(connection_data__address__gte=first, connection_data__address__lte=last) for first, last in ranges)


def _ranges(text: str, version: int) -> list[tuple[str, str]]:
    """Return the first and last address of each range of addresses with this beginning."""
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
    if part.startswith("0") and (part != "0" or not whole):  # No number begins with 0, and all zeros is written `::`.
        return []
    found, left = [], left - bits
    for more in range(longest - len(part) + 1 if part != "0" else 1):
        low, high = int(part, base) * base**more, (int(part, base) + 1) * base**more - 1
        if low < 2**bits:
            first = ((start << bits) | low) << left
            last = (((start << bits) | min(high, 2**bits - 1)) + 1 << left) - 1
            found.append((str(of(first)), str(of(last))))
    return found
