"""Each string as everything that a request is made of: no answer of 500 or more, none that takes a second.

A way in says what is sent for one string (`WAYS`); to add one, write a generator of requests and add its line. What
is stored of it and shown is `surfaces`' matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client

from comments.desk.actions import ACTIONS
from comments.desk.status_actions import STATUS_ACTIONS
from comments.models import Comment
from comments.moderation.batches import decide_batch
from comments.objections.reports import Reporter, report
from comments.screening.ban_checks import BanNotice
from tests.attack.lists import Attack
from tests.attack.stage import ask, timed
from tests.attack.tally import Tally
from tests.factories import make_article, make_ban, make_comment, make_editor, make_moderator, make_user

FORM = "application/x-www-form-urlencoded"
ENOUGH = 1000.0  # milliseconds that no answer may take


@dataclass
class Request:
    client: Client
    method: str
    path: str
    body: bytes = b""
    environ: dict[str, Any] = field(default_factory=dict)


class Scene:
    """A site with something on it, and people of every kind signed in."""

    def __init__(self) -> None:
        self.article = make_article()
        self.comment = make_comment(self.article)
        self.refused = make_comment(self.article, status="trash")
        self.ban = make_ban(network="203.0.113.7")
        self.report = report(self.comment.pk, reason="spam", visitor=Reporter(address="203.0.113.8"))
        self.batch = decide_batch(Comment.objects.none(), "trash", by=make_moderator(), reason="abuse")
        self.guest, self.nobody, self.reader = client_of(), client_of(), client_of(make_user())
        self.moderator, self.editor = client_of(make_moderator()), client_of(make_editor(is_superuser=True))
        self.count = 0

    def turn(self, choices: list[Any]) -> Any:
        """Return the next of these, so that a list of strings meets all of them."""
        self.count += 1
        return choices[self.count % len(choices)]


def client_of(user: Any = None) -> Client:
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


def form(client: Client, path: str, names: list[str], value: str, **more: str) -> Request:
    body = urlencode(dict.fromkeys(names, value) | more, errors="surrogatepass").encode()
    return Request(client, "POST", path, body, {"CONTENT_TYPE": FORM})


_REPORT = ["reason", "detail", "law", "name", "email", "good_faith", "by_mail"]
_DESK = ["ids", "action", "reason", "next", "seen", "text", "kind", "on", "to", "target", "days", "note", "quiet",
         "ban", "batch", "revision", "deed", "like", "sure"]  # fmt: skip
_DEEDS = [*ACTIONS, *STATUS_ACTIONS, "everything-like", "ban"]


def fields(scene: Scene, text: str) -> Iterator[Request]:
    """As every field of the forms that readers and editors send."""
    reply = f"/articles/{scene.article.pk}/reply/"
    names = ["text", "name", "email", "website", "parent", "key", "remember", "notify"]
    yield form(scene.guest, reply, [*names, "unknown"], text)
    sound = {"text": f"Hello {scene.count}", "name": "Ada", "email": f"ada{scene.count}@example.org"}
    yield form(scene.guest, reply, [scene.turn(names)], text, **sound | {"website": "", "parent": "", "key": ""})
    others = [
        (scene.guest, scene.comment.status_url, ["action", "text", "next"]),
        (scene.guest, "/accounts/login/", ["login", "password", "remember", "next"]),
        (scene.guest, "/accounts/signup/", ["email", "username", "password1", "next"]),
        (scene.guest, "/accounts/password/reset/", ["email"]),
        (scene.guest, "/accounts/login/code/", ["email", "next"]),
        (scene.guest, reply + "with/github/", [*names, "back", "channel", "next"]),
        (scene.guest, reply + "with/code/", [*names, "code"]),
        (scene.reader, "/accounts/", ["name", "username", "language", "identity", "remove_picture"]),
        (scene.reader, "/accounts/comments/claim/", ["comments"]),
        (scene.reader, "/accounts/email/", ["email", "action_add"]),
        (scene.moderator, "/admin/moderation/", ["ids", "action", "reason", "next"]),
        (scene.guest, f"/comments/{scene.comment.pk}/flag/", _REPORT),
        (scene.reader, f"/comments/{scene.comment.pk}/flag/", [*_REPORT, "csrfmiddlewaretoken"]),
        (scene.guest, scene.report.status_url, ["objection"]),
        (scene.guest, scene.refused.status_url, ["appeal", "text", "next"]),
        (scene.guest, BanNotice(scene.ban.pk, "x", "x").url, ["appeal", "csrfmiddlewaretoken"]),
        (scene.moderator, f"/admin/moderation/?q={quote(text[:50], errors='replace')}", [*_DESK, "all", "before"]),
        (scene.editor, "/admin/comments/refusalreason/add/", ["code", "label", "sentence", "position"]),
        (scene.editor, "/admin/comments/replytemplate/add/", ["title", "text", "position"]),
        (scene.editor, "/admin/comments/ban/add/", ["identity", "email", "network", "reason", "note", "ends_at_0", "quiet"]),
        (scene.editor, f"/admin/comments/ban/{scene.ban.pk}/change/", ["reason", "note", "ends_at_0", "ends_at_1"]),
        (scene.editor, "/admin/comments/ban/", ["action", "_selected_action", "index"]),
        (scene.editor, f"/admin/comments/articlesettings/{scene.article.pk}/change/", ["slow_seconds", "close_after_days"]),
        (scene.moderator, "/admin/comments/comment/", ["action", "_selected_action", "reason", "index"]),
        (scene.editor, "/admin/articles/section/add/", ["name", "slug", "description", "position"]),
        (scene.editor, "/admin/articles/author/add/", ["name", "slug", "biography", "user"]),
        (scene.editor, "/admin/articles/tag/add/", ["name", "slug"]),
        (scene.editor, "/admin/articles/redirect/add/", ["site", "path", "article"]),
        (scene.editor, "/admin/articles/site/1/change/", ["name", "tagline", "footer", "articles_per_page"]),
        (scene.editor, "/admin/comments/filterentry/add/", ["entries", "match", "action", "is_active", "note"]),
        (scene.editor, "/admin/comments/filterentry/try/", ["text", "name", "email", "website", "address"]),
        (scene.editor, "/admin/comments/filterentry/", ["action", "_selected_action", "index", "select_across"]),
        (scene.editor, "/admin/accounts/user/add/", ["username", "password1", "password2", "usable_password"]),
        (scene.editor, "/admin/account/emailaddress/add/", ["user", "email", "verified"]),
        (scene.editor, "/admin/articles/section/", ["form-TOTAL_FORMS", "form-0-id", "form-0-position", "_save"]),
        (scene.editor, "/admin/comments/commentsettings/1/change/", ["held_words", "spam_words", "text_limit", "order"]),
        (scene.editor, "/admin/articles/article/add/", [
            "headline", "slug", "kind", "section", "standfirst", "body", "lead_picture", "tags", "language",
            "scheduled_for_0", "scheduled_for_1", "comments_close_at_0", "bylines-TOTAL_FORMS", "sources-TOTAL_FORMS",
        ]),
    ]  # fmt: skip
    client, path, some = scene.turn(others)
    yield form(client, path, some, text)
    deed = {"action": scene.turn(_DEEDS), "ids": str(scene.comment.pk), "reason": ""}
    names = [name for name in _DESK if name not in deed]
    yield form(scene.editor, "/admin/moderation/", scene.turn([names, [scene.turn(_DESK)]]), text, **deed)


_FILTERS = ["status", "q", "reason", "article", "section", "author", "network", "since", "until", "language", "links",
            "label", "mine"]  # fmt: skip


def in_json(scene: Scene, text: str) -> Iterator[Request]:
    """As value and as key of JSON."""
    comments, articles = f"/api/v1/articles/{scene.article.pk}/comments/", "/api/v1/articles/"
    names = ["text", "name", "email", "website", "parent", "notify"]
    decisions, flag = (f"/api/v1/comments/{scene.comment.pk}/{what}/" for what in ("decisions", "flag"))
    article_names = ["kind", "headline", "slug", "standfirst", "body", "language", "section", "tags", "authors"]
    article_names += ["sources", "state", "scheduled_for"]
    yield _json(scene.guest, "POST", comments, dict.fromkeys(names, text) | {text: text})
    yield _json(scene.guest, "POST", comments, {"text": text, "name": "Ada", "email": f"ada{scene.count}@example.org"})
    client, method, path, value = scene.turn([
        (scene.guest, "POST", comments, text),
        (scene.guest, "POST", comments, {"text": [text, {text: [text]}]}),
        (scene.editor, "POST", articles, dict.fromkeys(article_names, text) | {text: 1}),
        (scene.editor, "POST", articles, {"headline": text, "body": text, "tags": [text], "sources": [{"name": text, "url": text, "kind": text}]}),
        (scene.editor, "PATCH", f"{articles}{scene.article.pk}/", {"standfirst": text, "tags": [text], "authors": [text]}),
        (scene.moderator, "POST", decisions, {"status": text, "reason": text}),
        (scene.guest, "POST", flag, dict.fromkeys(_REPORT, text) | {text: text}),
        (scene.reader, "POST", flag, {"reason": "illegal", "detail": text, "law": text, "good_faith": True, "name": text, "email": text}),
        (scene.moderator, "POST", "/api/v1/decisions/", {"ids": [text], "status": text, "reason": text}),
        (scene.moderator, "POST", "/api/v1/decisions/", {"ids": text, "filter": text, "status": "trash", "reason": "spam"}),
        (scene.moderator, "POST", "/api/v1/decisions/", {"filter": dict.fromkeys(_FILTERS, text), "status": "trash", "reason": "spam"}),
        (scene.moderator, "POST", f"/api/v1/decisions/batches/{scene.batch.pk}/undo/", {text: text}),
        (scene.reader, "PATCH", f"/api/v1/comments/{scene.comment.pk}/", {"text": text}),
        (scene.guest, "POST", "/_allauth/app/v1/auth/login", {"username": text, "password": text, text: text}),
        (scene.guest, "POST", "/_allauth/app/v1/auth/signup", {"email": text, "username": text, "password": text}),
        (scene.guest, "POST", "/_allauth/app/v1/auth/code/request", {"email": text}),
    ])  # fmt: skip
    yield _json(client, method, path, value)
    yield Request(
        scene.guest, "POST", comments, text.encode("utf-8", "surrogatepass"), {"CONTENT_TYPE": "application/json"}
    )


def _json(client: Client, method: str, path: str, value: Any) -> Request:
    return Request(client, method, path, json.dumps(value).encode(), {"CONTENT_TYPE": "application/json"})


def queries(scene: Scene, text: str) -> Iterator[Request]:
    """As every parameter that an address may have, and as the name of one."""
    more = "page cursor limit sort tag reason parent new change next published_after published_before process "
    more += "scope url maxwidth format from after part batch by hours exact appealed state in_force"
    names = [*_FILTERS, *more.split()]
    coded = quote(text.encode("utf-8", "surrogatepass"), safe="")[:6_000]
    coded = coded[: coded.rfind("%")] if len(coded) > 5_900 and "%" in coded[-3:] else coded
    client, path = scene.turn([
        (scene.guest, "/"), (scene.guest, scene.article.get_absolute_url()), (scene.guest, "/api/v1/articles/"),
        (scene.guest, f"/api/v1/articles/{scene.article.pk}/comments/"), (scene.guest, "/api/v1/sections/"),
        (scene.guest, f"/comments/{scene.comment.pk}/thread/"), (scene.guest, f"/comments/{scene.comment.pk}/"),
        (scene.guest, f"/articles/{scene.article.pk}/reply/"), (scene.guest, f"/articles/{scene.article.pk}/you/"),
        (scene.guest, "/search/"), (scene.guest, "/oembed/"), (scene.guest, "/feed/"),
        (scene.guest, "/accounts/login/"), (scene.guest, "/accounts/github/login/callback/"),
        (scene.guest, f"/articles/{scene.article.pk}/reply/back/"), (scene.reader, "/accounts/comments/"),
        (scene.reader, "/accounts/confirm/"), (scene.moderator, "/admin/moderation/"),
        (scene.moderator, "/admin/comments/comment/"), (scene.moderator, "/api/v1/moderation/queue/"),
        (scene.editor, "/admin/articles/article/"), (scene.editor, "/admin/articles/picture/"),
        (scene.editor, "/admin/autocomplete/"), (scene.moderator, "/admin/comments/filterentry/"),
        (scene.guest, f"/comments/{scene.comment.pk}/flag/"), (scene.guest, scene.report.status_url),
        (scene.guest, BanNotice(scene.ban.pk, "x", "x").url), (scene.guest, "/transparency/"),
        (scene.guest, "/transparency/2026-01.csv"), (scene.moderator, "/admin/moderation/"),
        (scene.moderator, f"/admin/moderation/{scene.comment.pk}/"), (scene.moderator, "/admin/moderation/figures/"),
        (scene.moderator, f"/admin/moderation/{scene.comment.pk}/alike/"), (scene.editor, "/admin/comments/ban/"),
        (scene.moderator, "/admin/comments/report/"), (scene.moderator, "/admin/comments/appeal/"),
        (scene.editor, "/admin/comments/auditentry/"), (scene.moderator, f"/api/v1/decisions/batches/{scene.batch.pk}/"),
    ])  # fmt: skip
    name = scene.turn(names)
    if len(coded) < 300:
        yield Request(client, "GET", f"{path}?{coded}={name}&" + "&".join(f"{each}={coded}" for each in names))
    yield Request(client, "GET", f"{path}?{name}={coded}" if scene.turn([True, False]) else f"{path}?{text[:2_000]}")


_HEADERS = [
    "USER_AGENT", "REFERER", "ACCEPT", "ACCEPT_LANGUAGE", "ACCEPT_ENCODING", "IF_NONE_MATCH", "IF_MODIFIED_SINCE",
    "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PROTO", "X_REQUESTED_WITH", "X_CSRFTOKEN", "X_SESSION_TOKEN",
    "AUTHORIZATION", "RANGE", "ORIGIN", "SEC_FETCH_SITE", "IDEMPOTENCY_KEY", "HOST",
]  # fmt: skip


def headers(scene: Scene, text: str) -> Iterator[Request]:
    """As every header we or our libraries read. Servers pass no line breaks on; they are sent all the same."""
    value = text[:4_000].encode("utf-8", "surrogatepass").decode("latin-1")
    every = {f"HTTP_{name}": value for name in _HEADERS if name not in {"HOST", "X_SESSION_TOKEN"}}
    path = scene.turn([
        scene.article.get_absolute_url(), "/api/v1/articles/", "/nothing/", "/accounts/login/", "/transparency/",
        f"/comments/{scene.comment.pk}/flag/", scene.report.status_url, BanNotice(scene.ban.pk, "x", "x").url,
    ])  # fmt: skip
    yield Request(scene.guest, "GET", path, environ=every)
    name = scene.turn(_HEADERS)
    api = f"/api/v1/articles/{scene.article.pk}/comments/"
    body = json.dumps({"text": f"Heard {scene.count}", "name": "Ada", "email": "ada@example.org"}).encode()
    environ = {"CONTENT_TYPE": "application/json", f"HTTP_{name}": value}
    yield Request(scene.guest, "POST", api, body, environ)
    kind = scene.turn(["CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_ADDR"])
    yield Request(
        scene.guest,
        "POST",
        f"/articles/{scene.article.pk}/reply/",
        b"text=x",
        {"CONTENT_TYPE": FORM, kind: value[:200]},
    )


def cookies(scene: Scene, text: str) -> Iterator[Request]:
    """As the value of every cookie of ours, as a cookie's name, and as the whole header."""
    value = text[:3_000].encode("utf-8", "surrogatepass").decode("latin-1")
    plain = "".join(c for c in value if c not in ";\r\n")
    names = ["sessionid", "csrftoken", "commenter", "known", "messages", "draft", "uploads", "django_language"]
    path = scene.turn([
        f"/articles/{scene.article.pk}/you/", f"/articles/{scene.article.pk}/reply/", "/accounts/", "/admin/", "/",
        f"/comments/{scene.comment.pk}/flag/", scene.report.status_url, "/admin/moderation/",
    ])  # fmt: skip
    header = "; ".join([*(f"{name}={plain}" for name in names), f"{plain[:50]}=x"])
    yield Request(scene.nobody, "GET", path, environ={"HTTP_COOKIE": scene.turn([header, header, value])})


def paths(scene: Scene, text: str) -> Iterator[Request]:
    """As a part of every address."""
    part = quote(text.encode("utf-8", "surrogatepass"), safe="/%")[:2_000]
    part = part[: -(len(part) - part.rfind("%"))] if "%" in part[-2:] else part
    before, after = scene.turn([
        ("/", ""), ("/sections/", "/"), ("/tags/", "/"), ("/authors/", "/"), ("/pages/", "/"), ("/2026/11/23/", "/"),
        ("/feed/", "/"), ("/sitemaps/", ".xml"),
        ("/articles/", "/reply/"), ("/comments/", "/thread/"), (f"/comments/{scene.comment.pk}/status/", "/"),
        (f"/comments/{scene.comment.pk}/confirm/", "/"),
        ("/media/pictures/", ""), ("/media/avatars/", ""), ("/static/", ""), ("/admin/", "/"),
        ("/admin/comments/comment/", "/change/"), ("/admin/articles/article/", "/change/"), ("/accounts/", "/"),
        ("/accounts/confirm-email/", "/"), ("/api/v1/", "/"), ("/api/v1/sections/", "/"), ("/api/v1/articles/", "/"),
        (f"/articles/{scene.article.pk}/reply/with/", "/"),
        ("/comments/", "/flag/"), (f"/reports/{scene.report.pk}/", "/"), ("/reports/", "/x/"), ("/moderation/link/", "/"),
        (f"/bans/{scene.ban.pk}/", "/"), ("/bans/", "/x/"), ("/transparency/", ".csv"), ("/transparency/2026-", ".json"),
        ("/admin/moderation/", "/"), ("/admin/moderation/", "/alike/"), ("/admin/comments/report/", "/change/"),
        ("/admin/comments/ban/", "/change/"), ("/api/v1/decisions/batches/", "/"), ("/api/v1/comments/", "/flag/"),
    ])  # fmt: skip
    yield Request(
        scene.editor if before.startswith("/admin") else scene.guest, "GET", before + part.lstrip("/") + after
    )
    yield Request(scene.guest, scene.turn(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"]), "/" + part)


Way = Callable[[Scene, str], Iterator[Request]]
WAYS: dict[str, Way] = {
    "as field": fields,
    "as JSON": in_json,
    "as query": queries,
    "as header": headers,
    "as cookie": cookies,
    "as path": paths,
}


def send(scene: Scene, tally: Tally, surface: str, attack: Attack, request: Request) -> Any:
    """Send one, and note what is wrong with the answer."""

    def call() -> Any:
        return ask(request.client, request.method, request.path, request.body, **request.environ)

    what = f"{request.method} {request.path[:120]} {request.environ} {request.body[:120]!r}"
    answer = timed(tally, surface, attack.list, what, call)
    tally.tried(surface, attack.list, refused=400 <= answer.status_code < 500)
    if answer.status_code >= 500:
        tally.fault("error", surface, attack.list, what, f"{attack.text[:200]} -> {_why(answer)}")
    if split := [name for name, value in answer.items() if "\r" in value or "\n" in value]:
        tally.fault("broke out", surface, attack.list, f"headers {split} of {what}", attack.text)
    if b"root:x:0:0" in b"".join(answer):  # Read to its end, so that a file is closed.
        tally.fault("executed", surface, attack.list, f"a file was read by {what}", attack.text)
    return answer


def _why(answer: Any) -> str:
    kind, error, trace = getattr(answer, "exc_info", None) or (None, None, None)
    if error is None:
        return str(answer.status_code)
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{kind.__name__}: {str(error)[:200]} {place}"


def run(tally: Tally, attacks: list[Attack], name: str) -> None:
    scene = Scene()
    for attack in attacks:
        for request in WAYS[name](scene, attack.text):
            send(scene, tally, name, attack, request)
        if scene.count % 100 < 2:  # A new page, before hundreds of replies make it slow by themselves.
            scene.article = make_article()
