"""Which comments came from where, as the desk's filter and search understand networks and beginnings of addresses."""

from __future__ import annotations

import ipaddress
from ipaddress import ip_address, ip_network

import pytest
from django.db import connection
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from comments.desk.networks import from_network
from comments.models import Comment, ConnectionData
from tests.factories import make_comment

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]

# Beside one another at the edges of networks, and written shorter where groups are nothing.
PLACES = [
    "9.255.255.255", "10.0.0.0", "10.3.0.1", "10.3.255.255", "10.4.0.0", "10.30.1.1", "10.31.1.1", "10.200.3.4",
    "100.0.0.1", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "192.0.2.127", "192.0.2.128",
    "255.255.255.255", "2001:db7:ffff::1", "2001:db8::", "2001:db8::1", "2001:db8:0:1::5",
    "2001:db8:1::1", "2001:db8:ab00::1", "2001:db8:abff:ffff::1", "2001:db8:ac00::1", "2001:db8:ab::1", "2001:db80::1",
    "fe80::1", "::1", "2001::5:a:b:c:d", "2001:0:0:5::1", "2001::5:1", "2001:db8::a:b:c:d", "2001:db8::a:b:c",
    "2001:db8::a:0:0:b", "64:ff9b::102:304", "64:ff9b::1:102:304",
]  # fmt: skip


def found(text: str) -> set[str]:
    return set(Comment.objects.filter(from_network(text)).values_list("connection_data__address", flat=True))


def plant() -> None:
    first = make_comment()
    ConnectionData.objects.all().delete()
    for number, place in enumerate(PLACES):
        first.pk, first.path = None, f"~{number}"
        first.save(force_insert=True)
        ConnectionData.objects.create(comment=first, address=place)


@pytest.fixture
def planted(db):
    plant()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.integers(0, 128))
def test_a_network_holds_what_it_holds(planted, place, length):
    network = ip_network(f"{place}/{min(length, ip_address(place).max_prefixlen)}", strict=False)
    expected = {each for each in PLACES if is_in(each, network)}

    assert found(str(network)) == (set() if is_not_asked(network) else expected)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([place for place in PLACES if "." in place]), st.integers(1, 15))
def test_a_beginning_finds_the_addresses_that_begin_so(planted, place, length):
    text = place[:length]
    assume(text.count(".") < 3)  # Else it is an address itself.

    assert found(text) == {each for each in PLACES if each.startswith(text)}


def is_in(place: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return ip_address(place).version == network.version and ip_address(place) in network


def is_not_asked(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """SQLite asks by texts, and leaves alone what would take too many of them."""
    if connection.vendor == "postgresql":
        return False
    group = 8 if network.version == 4 else 16
    return network.prefixlen < group or (network.version == 6 and network.prefixlen % 16 in range(1, 8))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2001:db8:", {place for place in PLACES if place.startswith("2001:db8:")}),
        ("2001:DB8:ab", {"2001:db8:ab00::1", "2001:db8:abff:ffff::1", "2001:db8:ab::1"}),
        ("2001:db8::", {"2001:db8::"}),
        ("fe8", {"fe80::1"}),
        ("10.3.", {"10.3.0.1", "10.3.255.255"}),
        ("10.3.0.1.", set()),
        ("10.300.", set()),
        ("x", set()),
        (":", set()),
        ("1.2.3.4.5", set()),
        ("1.2.3.4/33", set()),
    ],
)
def test_beginnings(planted, text, expected):
    assert found(text) == expected
