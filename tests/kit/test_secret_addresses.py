"""Secrets in addresses stay out of the log, those of tomorrow's addresses too."""

import re

import pytest
from django.urls import URLPattern, get_resolver, reverse

from newsreader.kit.secret_addresses import BEGINNINGS, PLAIN, SECRET, masked, masked_path

NAMED = re.compile(r"\(\?P<(\w+)>")


def routes(patterns, before=""):
    """Yield every address as a regular expression, without its first slash."""
    for pattern in patterns:
        route = before + pattern.pattern.regex.pattern.removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


def beginning(route):
    """Return what stands before the first secret of an address; None where it has none."""
    first = next((found for found in NAMED.finditer(route) if found[1] in SECRET), None)
    return first and NAMED.sub("(?:", route[: first.start()])


def test_every_address_with_a_secret_is_known():
    """A new one fails here: add what stands before its secret to `BEGINNINGS`."""
    assert {beginning(route) for route in routes(get_resolver().url_patterns)} - {None} == set(BEGINNINGS)


def test_every_parameter_of_an_address_is_known_as_secret_or_plain():
    """A new one fails here: say in `secret_addresses` whether whoever knows it may do something."""
    named = {name for route in routes(get_resolver().url_patterns) for name in NAMED.findall(route)}
    assert named == SECRET | PLAIN
    assert not SECRET & PLAIN


def test_no_parameter_is_without_a_name():
    assert [route for route in routes(get_resolver().url_patterns) if re.search(r"(?<!\\)\((?!\?)", route)] == []


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("comment-status", {"comment_id": 1}), ("confirm-address", {"comment_id": 1}), ("ban", {"ban_id": 1}),
        ("report", {"report_id": 1}), ("mail-link", {}), ("mail", {}), ("not-me", {}), ("my_data_link", {}),
        ("erasure_link", {}), ("erasure_request", {"request_id": 1}),
    ],
)  # fmt: skip
def test_our_secret_addresses_are_masked(name, numbers):
    path = reverse(name, kwargs=numbers | {"token": "s3cr3t"})

    for shown in (path, path.rstrip("/"), f"{path}more/", path.replace("s3cr3t", "s3cr3t with blanks")):
        assert masked_path(shown) == f"{path.partition('s3cr3t')[0]}***"
    assert masked(f"Not Found: {path}") == f"Not Found: {path.partition('s3cr3t')[0]}***"


def test_the_links_that_set_a_new_password_are_masked():
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "1a", "key": "s3cr3t-key"})
    assert masked_path(path) == "/accounts/password/reset/key/***"


@pytest.mark.parametrize("path", ["/", "/2026/11/29/the-key/", "/comments/1/", "/admin/comments/comment/7/change/"])
def test_other_addresses_are_shown(path):
    assert masked_path(path) == masked(path) == path
