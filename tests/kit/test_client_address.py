"""The visitor's address, and the network that limits count by."""

import pytest
from django.test import RequestFactory

from newsreader.kit.client_address import client_address, network


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        (0, "192.0.2.1", "203.0.113.5", "192.0.2.1"),
        (1, "192.0.2.1", "8.8.8.8, 203.0.113.5", "203.0.113.5"),
        (2, "192.0.2.1", "9.9.9.9, 8.8.8.8, 203.0.113.5", "8.8.8.8"),
        (2, "192.0.2.1", "203.0.113.5", "192.0.2.1"),
        (1, "192.0.2.1", "nonsense", "192.0.2.1"),
        (1, "192.0.2.1", "", "192.0.2.1"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
        (0, "", "", ""),
    ],
)
def test_only_as_many_hops_are_believed_as_there_are_proxies(settings, trusted, peer, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})

    assert client_address(request) == address


def test_limits_count_an_ipv6_network_as_one():
    assert network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert network("192.0.2.1") == "192.0.2.1"
    assert network("") == ""
