"""The visitor's address, where a request comes from, and safe targets."""

import pytest
from django.test import RequestFactory

from newsreader.kit.web import client_address, network, safe_next


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


@pytest.mark.parametrize("target", ["/", "/2026/11/23/ferry/?page=2#respond"])
def test_an_address_here_is_a_place_to_go(target):
    assert safe_next(RequestFactory().get("/"), target) == target


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t///evil.example",
        "/\n//evil.example",
        "https:evil.example",
        "https://evil.example",
        "x",
        "",
    ],
)
def test_an_address_elsewhere_is_not(target):
    assert safe_next(RequestFactory().get("/"), target) == "/"
