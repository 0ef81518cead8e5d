"""Every page as everybody: no private byte in a public answer, and the headers of a strict house on all of them."""

from __future__ import annotations

from typing import Any

import lxml.html
import pytest
from django.urls import resolve

from tests.walk import MOST, Answer, Walk, walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.ci_sqlite]
NEWSROOM = ("/admin/", "/api/v1/docs/")  # Whose scripts and styles are the libraries'.


@pytest.mark.parametrize("each", [1, pytest.param(2, marks=pytest.mark.long)])
def test_every_page_as_everybody(subtests: pytest.Subtests, each: int):
    walked = walk(each)  # Once for all: it takes most of the time.
    for check in CHECKS:
        with subtests.test(check.__name__):
            check(walked)


def the_walk_comes_everywhere_and_breaks_nothing(walked: Walk):
    routes = {resolve(address.partition("?")[0]).route for address in walked.public if "/static/" not in address}

    assert {"", "pages/<str:slug>/", "sections/<str:slug>/", "tags/<str:slug>/", "authors/<str:slug>/"} <= routes
    assert {"comments/<int:comment_id>/", "comments/<int:comment_id>/thread/", "api/v1/articles/"} <= routes
    assert any("page=2" in address for address in walked.public)
    assert any(address.startswith("/static/") for address in walked.public)
    assert any(address.startswith("/media/") for address in walked.answers)
    assert len(walked.public) > 40
    assert len(walked.answers) < MOST
    assert found(walked, lambda _, answer: answer.status >= 500) == []


def whoever_may_have_a_public_answer_has_the_same_bytes(walked: Walk):
    different = []
    for address, answers in walked.public.items():
        public = {name: answer for name, answer in answers.items() if answer.is_public}
        first = public.get("nobody")
        if first is None:
            different.append(f"{address}: public, but not for nobody")
            continue
        for name, answer in public.items():
            same = all(
                getattr(answer, part) == getattr(first, part) for part in ("status", "body", "kept", "varies_by")
            )
            if not same or answer.headers.get("ETag") != first.headers.get("ETag"):
                different.append(f"{address} for {name}")

    assert different == []


def a_public_page_is_everybodys_and_no_cookie_goes_in_or_out(walked: Walk):
    odd = []
    for address, answers in walked.public.items():
        for name, answer in answers.items():
            if answer.sets_cookies:
                odd.append(f"{address} sets a cookie for {name}")
            if answer.is_public and "cookie" in answer.varies_by:
                odd.append(f"{address} varies by the cookies of {name}")
            if address.startswith("/api/"):  # There who signs in is answered in private, and caches are told so.
                if (
                    not {"x-session-token"} <= answer.varies_by
                    and "/docs/" not in address
                    and "/schema/" not in address
                ):
                    odd.append(f"{address} for {name} does not say by what it varies")
            elif not answer.is_public:
                odd.append(f"{address} for {name} is not the same for all")

    assert odd == []


def what_may_be_given_to_others_in_front_of_django_is_the_same_as_nobody_gets(walked: Walk):
    given, odd = 0, []
    for address, answers in walked.answers.items():
        for name, answer in answers.items():
            if answer.depends is not None:
                given += 1
                same = (answer.status, answer.body) == (200, answers["nobody"].body)
                if not same or not answer.is_public or answer.sets_cookies or "cookie" in answer.varies_by:
                    odd.append(f"{address} for {name}")

    assert odd == []
    assert given > 100


def what_differs_by_who_asks_is_kept_by_no_cache(walked: Walk):
    kept = []
    for address, answers in walked.answers.items():
        differs = len({(answer.status, answer.headers.get("Location"), answer.body) for answer in answers.values()}) > 1
        for name, answer in answers.items():
            if (differs or answer.sets_cookies) and not (answer.is_private or answer.is_public):
                kept.append(f"{address} for {name}: {answer.status} {answer.kept!r}")

    assert kept == []


def nothing_private_stands_in_an_answer_that_a_cache_may_keep(walked: Walk):
    said: dict[bytes, str] = {}
    private = b""
    for address, answers in walked.answers.items():
        for name, answer in answers.items():
            if answer.is_private:
                private += answer.body
            else:
                said[answer.body + str(answer.headers).encode()] = f"{address} for {name}"

    assert [
        f"{who}: {secret}" for body, who in said.items() for secret in walked.secrets if secret.encode() in body
    ] == []
    # The search would find them.
    for secret in ("waitingwords of a guest", "readername", "guest@guestmail.example", "unpublishedwords", "spamwords"):
        assert secret.encode() in private, secret


def every_answer_has_the_headers_of_a_strict_house(walked: Walk):
    def lacks(address: str, answer: Answer) -> list[str]:
        headers = answer.headers
        wanted = {
            "X-Frame-Options": {"DENY"},
            "X-Content-Type-Options": {"nosniff"},
            "Referrer-Policy": {"same-origin", "no-referrer"},
            "Cross-Origin-Opener-Policy": {"same-origin"},
        }
        return [name for name, values in wanted.items() if headers.get(name) not in values] + loose(address, headers)

    assert found(walked, lacks) == []


def loose(address: str, headers: Any) -> list[str]:
    """Name the parts of a content security policy that let in what is not ours, or that are missing."""
    policy = {
        part.split()[0]: set(part.split()[1:])
        for part in headers.get("Content-Security-Policy", "").split(";")
        if part.strip()
    }
    closed = [name for name in ("default-src", "base-uri", "frame-ancestors") if policy.get(name) != {"'none'"}]
    allowed = {"'self'", "data:", "blob:"}
    if address.startswith(NEWSROOM):
        allowed |= {"'unsafe-inline'"}  # For styles, which the libraries set on elements.
    sources = [name for name in policy if name.endswith("-src") and name != "default-src"]
    open_ = [name for name in sources if policy[name] - allowed]
    scripts = [] if policy.get("script-src") == {"'self'"} else ["script-src"]
    return closed + open_ + scripts + ([] if "'self'" in policy.get("form-action", ()) else ["form-action"])


@pytest.mark.parametrize(
    ("policy", "part"),
    [
        ("default-src 'none'; script-src 'self' 'unsafe-inline'", "script-src"),
        ("default-src 'none'; script-src 'self' https://cdn.example", "script-src"),
        ("default-src 'none'; script-src 'self'; style-src 'unsafe-inline'", "style-src"),
        ("default-src 'self'; script-src 'self'", "default-src"),
        ("default-src 'none'; script-src 'self'; frame-ancestors *", "frame-ancestors"),
    ],
)
def test_a_loose_policy_is_noticed(policy, part):
    assert part in loose("/", {"Content-Security-Policy": policy})


def no_page_holds_a_script_a_style_or_a_handler_of_its_own(walked: Walk):
    def inline(address: str, answer: Answer) -> list[str]:
        if not answer.is_page:
            return []
        page = lxml.html.fromstring(answer.body)
        elements = [script for script in page.iter("script") if script.get("src") is None and not is_data(script)]
        if not address.startswith(NEWSROOM):
            elements += [*page.iter("style"), *page.xpath("//*[@style]")]
        for element in page.iter(lxml.etree.Element):
            runs = [name for name in element.attrib if name.lower().startswith("on")]
            leads = [value for value in element.attrib.values() if value.strip().lower().startswith("javascript:")]
            elements += [element] * bool(runs or leads)
        return [lxml.html.tostring(element)[:100].decode() for element in elements]

    assert found(walked, inline) == []


def is_data(script: Any) -> bool:
    return script.get("type", "") in {"application/json", "application/ld+json"}


def found(walked: Walk, look: Any) -> list[str]:
    """Return what `look(address, answer)` finds, once for answers that are the same for several."""
    said = {}
    for address, answers in walked.answers.items():
        for name, answer in answers.items():
            said.setdefault((address, answer.body, str(answer.headers)), (name, answer))
    return [
        f"{address} for {name}: {odd}"
        for (address, _, _), (name, answer) in said.items()
        if (odd := look(address, answer))
    ]


CHECKS = [
    the_walk_comes_everywhere_and_breaks_nothing,
    whoever_may_have_a_public_answer_has_the_same_bytes,
    a_public_page_is_everybodys_and_no_cookie_goes_in_or_out,
    what_may_be_given_to_others_in_front_of_django_is_the_same_as_nobody_gets,
    what_differs_by_who_asks_is_kept_by_no_cache,
    nothing_private_stands_in_an_answer_that_a_cache_may_keep,
    every_answer_has_the_headers_of_a_strict_house,
    no_page_holds_a_script_a_style_or_a_handler_of_its_own,
]
