"""Safe targets, and forms that come back after a refusal."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from newsreader.kit.errors import FieldError, Invalid, TooMany
from newsreader.kit.web import render_form, safe_next, show_or_take


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
