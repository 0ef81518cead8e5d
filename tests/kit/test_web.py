"""The visitor's address, where a request comes from, and safe targets."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from newsreader.kit.errors import FieldError, Invalid, TooMany
from newsreader.kit.web import client_address, network, render_form, safe_next, show_or_take


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


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("refusal", "status", "wait"),
    [(None, 200, None), (TooMany(7), 429, "7"), (Invalid([FieldError("text", "empty", "Please write.")]), 422, None)],
)
def test_a_form_comes_back_with_the_status_of_a_refusal_and_when_to_try_again(refusal, status, wait):
    answer = render_form(RequestFactory().get("/"), "error.html", {}, refusal)

    assert (answer.status_code, answer.get("Retry-After")) == (status, wait)


def test_a_view_that_shows_and_takes_a_form_says_what_it_allows():
    view = show_or_take(lambda request: HttpResponse("shown"))

    assert [view(RequestFactory().generic(method, "/")).status_code for method in ("GET", "HEAD", "POST")] == [200] * 3
    refused = view(RequestFactory().put("/"))
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, POST")
