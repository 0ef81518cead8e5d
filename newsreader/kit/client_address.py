"""The visitor's IP address, and the networks that are counted by instead of it, since addresses are cheap."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_PREFIX = 64  # bits of the IPv6 network that one subscriber has: all of it counts as one address
IPV6_SITE_PREFIX = 48  # bits of the largest IPv6 network that one customer commonly gets
UNKNOWN = "0.0.0.0"  # noqa: S104  Where a column must have an address.
IPV4_PREFIX = 24  # bits of the IPv4 network in which one person easily has several addresses


def client_address(request: HttpRequest) -> str:
    """Return the visitor's IP address; empty if the server knows none.

    With TRUSTED_PROXY_COUNT 0, this is the peer's; with n, the n-th hop of X-Forwarded-For from the right. Hops further
    left can be forged by the visitor and are ignored. If the header is too short or malformed: the peer's.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    candidate = hops[-trusted] if trusted and len(hops) >= trusted else peer
    return _address(candidate) or _address(peer)


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network(address: str) -> str:
    """Return the network for which limits count: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{IPV6_PREFIX}", strict=False))


def subnet(address: str) -> str:
    """Return the network from which several voices count as one: the /24 of an IPv4 address, the /64 of an IPv6 one.

    Empty for an unknown address.
    """
    if not address:
        return ""
    prefix = IPV6_PREFIX if ":" in address else IPV4_PREFIX
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


def neighbourhood(address: str) -> str:
    """Return what one customer may hold at most: the /24 of an IPv4 address, the /48 of an IPv6 one.

    Empty for an unknown address.
    """
    if not address:
        return ""
    prefix = IPV6_SITE_PREFIX if ":" in address else IPV4_PREFIX
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


def cut(address: str) -> str:
    """Return the first address of the /24 of an IPv4 address, of the /64 of an IPv6 one; what is no address is unknown.

    Source: WordPress' `wp_privacy_anonymize_ip`.
    """
    try:
        whole = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN
    if mapped := getattr(whole, "ipv4_mapped", None):
        return f"::ffff:{cut(str(mapped))}"
    return str(ipaddress.ip_network((whole, IPV4_PREFIX if whole.version == 4 else IPV6_PREFIX), strict=False)[0])
