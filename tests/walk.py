"""A newsroom with much that must not be seen, the people who ask, and their walk through all that links and lists name."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import Resolver404, resolve

from articles.models.article import Article
from articles.models.taxonomy import Section
from comments.models import Comment, ConnectionData
from comments.moderation.decisions import decide
from newsreader.kit import http_cache
from newsreader.kit.http_cache import depends_of
from newsreader.operations import schedule
from tests.factories import (
    load_newsroom,
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_editor,
    make_tag,
    make_user,
    post_comment,
    set_rules,
)

MOST = 600
HOST = "testserver"
# Where people and programs are led without a link that a GET finds.
# fmt: off
STARTS = [
    "/", "/?page=2", "/?page=99", "/?page=x", "/nothing/", "/1999/12/31/nothing/", "/sections/nothing/",
    "/robots.txt", "/healthz", "/readyz", "/metrics", "/accounts/", "/accounts/login/", "/accounts/signup/",
    "/accounts/comments/", "/admin/", "/admin/login/", "/admin/password_change/", "/admin/jsi18n/",
    "/admin/comments/comment/", "/api/v1/schema/", "/api/v1/docs/", "/api/v1/articles/",
    "/api/v1/articles/?limit=2", "/api/v1/sections/", "/api/v1/tags/", "/api/v1/authors/", "/api/v1/me/",
    "/api/v1/moderation/queue/", "/api/v1/nothing/", "/api/v1/articles/?cursor=x", "/_allauth/app/v1/config",
    "/_allauth/app/v1/auth/session", "/media/pictures/nothing.jpg", "/static/nothing.css", "/feed/", "/sitemap.xml",
    "/search/?q=harbour", "/search/?q=unpublished",
]
# fmt: on
HIDDEN = ("spam", "trash", "pending")


@dataclass
class Answer:
    """What one person was answered."""

    status: int
    body: bytes
    headers: Any
    sets_cookies: bool
    depends: Any = None  # that it says to depend on: then the finished page may go to others

    @property
    def kept(self) -> str:
        return self.headers.get("Cache-Control", "")

    @property
    def is_public(self) -> bool:
        return "public" in self.kept or "s-maxage" in self.kept

    @property
    def is_private(self) -> bool:
        return "private" in self.kept or "no-store" in self.kept

    @property
    def is_page(self) -> bool:
        return self.headers.get("Content-Type", "").startswith("text/html") and bool(self.body.strip())

    @property
    def varies_by(self) -> set[str]:
        return {name.strip().lower() for name in self.headers.get("Vary", "").split(",") if name.strip()}


Answers = dict[str, Answer]  # by whom


@dataclass
class Walk:
    """Every address with what everybody was answered there, and the words that no public answer may hold."""

    answers: dict[str, Answers]
    secrets: set[str]

    @property
    def public(self) -> dict[str, Answers]:
        return {
            address: answers
            for address, answers in self.answers.items()
            if any(answer.is_public for answer in answers.values())
        }


def walk(each: int) -> Walk:
    """Walk from `STARTS` to `each` further addresses of one route, of the editors' site to one."""
    people, secrets, starts = _furnish()
    answers = _go(people, [*STARTS, *starts], each)
    # What came along on the way, too: every token and session that anybody was given.
    secrets |= {cookie.value for client in people.values() for cookie in client.cookies.values() if cookie.value != "1"}
    return Walk(answers, {secret for secret in secrets if secret})


def _furnish() -> tuple[dict[str, Client], set[str], list[str]]:
    """Fill the newsroom; return the people, the secrets, and where to start."""
    load_newsroom()
    schedule.beat()  # So that `/readyz` has somebody.
    set_rules(flood_seconds=0)
    article = make_article(headline="All kinds of replies", section=Section.objects.first())
    draft = make_article(
        headline="Unpublished headline",
        body="<p>unpublishedwords</p>",
        state="draft",
        authors=[make_author(name="Unpublishedauthor")],
    )
    draft.tags.add(make_tag("unpublishedtag"))
    root = make_comment(article, text="A root that stands.")
    for number in range(21):  # Pages of a thread and of roots, and beyond them.
        make_comment(parent=root, text=f"Reply {number}.", name="Ada")
        make_comment(article, text=f"Root {number}.")
    removed = make_comment(article, text="removedwords")
    make_comment(parent=removed, text="It stands under a tombstone.")
    decide(removed.pk, "trash")
    hidden = [removed, *(make_comment(article, text=f"{status}words", status=status) for status in HIDDEN)]

    guest = _client(REMOTE_ADDR="203.0.113.99")
    typed = {"text": "waitingwords of a guest", "name": "Guestname", "email": "guest@guestmail.example"}
    sent = guest.post(f"/articles/{article.pk}/reply/", typed | {"remember": "on"})
    assert sent.status_code == 303
    assert {"commenter", "known"} <= set(guest.cookies)
    reader, editor = make_user("readername"), make_editor(username="editorname", is_superuser=True)
    post_comment(make_draft(article, user=reader, text="waitingwords of a reader"))
    people = {
        "nobody": _client(),
        "a stranger": _client(
            HTTP_ACCEPT_LANGUAGE="de, ar;q=0.8", HTTP_USER_AGENT="strangeagent", REMOTE_ADDR="203.0.113.98"
        ),
        "a guest": guest,
        "a reader": _client(),
        "an editor": _client(),
    }
    people["a reader"].force_login(reader)
    people["an editor"].force_login(editor)

    starts = [sent["Location"], article.get_absolute_url()]
    starts += [f"{article.get_absolute_url()}?{query}" for query in ("page=2", f"new={root.pk}", f"new={hidden[3].pk}")]
    for comment in (root, *hidden):
        here = f"/comments/{comment.pk}/"
        starts += [here, f"{here}thread/", f"{here}status/{comment.status_token}/", f"{here}status/x/"]
        starts += [f"/api/v1{here}", f"/api/v1{here}replies/", f"/api/v1{here}decisions/"]
    starts += [f"/comments/{root.pk}/thread/?page=2", f"/comments/{root.pk}/thread/?page=9"]
    for name in (draft.tags.get(), draft.authors.get()):
        page = name.get_absolute_url()
        starts += [page, f"{page}feed/", f"/api/v1{page}"]
    for each in (article, draft):
        here = f"/articles/{each.pk}/"
        ends = ("reply/", f"reply/?parent={root.pk}", "you/", "preview/", "reply/back/", "reply/with/email/")
        starts += [f"{here}{end}" for end in ends]
        starts += [f"/api/v1{here}", f"/api/v1{here}comments/", f"/api/v1{here}comments/?sort=newest"]
    return people, _secrets(), starts


def _secrets() -> set[str]:
    words = {"unpublishedwords", "Unpublished headline", "Unpublishedauthor", "unpublishedtag"}
    words |= {"waitingwords", "removedwords", "Guestname", "readername"}
    words |= {"editorname", "strangeagent", "203.0.113.98", "203.0.113.99", *(f"{status}words" for status in HIDDEN)}
    words |= set(Comment.objects.values_list("status_token", flat=True))
    words |= set(ConnectionData.objects.exclude(address=None).values_list("address", flat=True)) - {"127.0.0.1"}
    addresses = {
        *EmailAddress.objects.values_list("email", flat=True),
        *ConnectionData.objects.values_list("email", flat=True),
    }
    # The newsroom prints some of its own, in the imprint.
    return words | {email for email in addresses if not Article.objects.filter(body__contains=email).exists()}


def _client(**meta: str) -> Client:
    return Client(raise_request_exception=False, **meta)


def _go(people: dict[str, Client], starts: list[str], each: int) -> dict[str, Answers]:
    """Ask every address as everybody, first seen first; what any of the answers leads to is asked next."""
    walked: dict[str, Answers] = {}
    waiting, routes, chosen = list(dict.fromkeys(starts)), Counter[str](), set(starts)
    while waiting and len(walked) < MOST:
        address = waiting.pop(0)
        answers = walked[address] = {}
        seen: set[bytes] = set()
        for name, client in people.items():
            http_cache._kept.clear()  # Rendered anew for each: what was kept of the one before would hide a difference.
            response = client.get(address)
            body = b"".join(response.streaming_content) if response.streaming else response.content
            answers[name] = Answer(
                response.status_code, body, response.headers, bool(response.cookies), depends_of(response)
            )
            if body in seen and "Location" not in response.headers:
                continue
            seen.add(body)
            for found in _leads_to(address, answers[name]):
                if found not in chosen and _is_new(found, routes, each):
                    chosen.add(found)
                    waiting.append(found)
    return walked


def _is_new(address: str, routes: Counter[str], each: int) -> bool:
    try:
        route = resolve(urlsplit(address).path).route
    except Resolver404:
        route = address.split("/")[1]
    routes[route] += 1
    return routes[route] <= (1 if route.startswith("admin/") else each)


def _leads_to(address: str, answer: Answer) -> list[str]:
    """Return the addresses of this site that an answer names, in order."""
    found = [answer.headers.get("Location", "")]
    if answer.is_page:
        page = lxml.html.fromstring(answer.body)
        found += [*page.xpath("//@href"), *page.xpath("//@src"), *page.xpath("//form[@method='get']/@action")]
    elif re.search("json|xml", answer.headers.get("Content-Type", "")) and "schema" not in address:
        found += re.findall(rf"http://{HOST}/[^\"\\<\s]*", answer.body.decode())
    whole = [urlsplit(urljoin(f"http://{HOST}{address}", link.strip())) for link in found if link]
    inside = [part for part in whole if part.netloc == HOST and part.scheme in {"http", "https"}]
    return [part._replace(scheme="", netloc="", fragment="").geturl() for part in inside]
