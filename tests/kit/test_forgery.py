"""Whether another site may have sent a form: with a token, without one, and on every private page that has a form."""

from __future__ import annotations

from typing import Any

import lxml.html
import pytest
from django.test import Client, RequestFactory

from comments.moderation.decisions import decide
from comments.notifications.links import action_urls
from comments.objections.reports import Reporter, report, settle
from comments.screening.ban_checks import BanNotice
from newsreader.kit.forgery import names_another_site
from tests.factories import make_article, make_ban, make_comment, make_moderator, make_user

# What browsers and tools say of a sender that they do not name.
SILENT: list[dict[str, str]] = [{}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}]
FOREIGN: list[dict[str, str]] = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        *((headers, False) for headers in SILENT),
        *((headers, True) for headers in FOREIGN),
        ({"Origin": "http://testserver"}, False),
        ({"Origin": "HTTP://TESTSERVER"}, False),
        ({"Origin": "http://testserver:81"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Referer": "http://testserver/page"}, False),
        ({"Referer": "http://evil.example/testserver"}, True),
        ({"Referer": "http://evil.example/", "Origin": "null"}, False),
        ({"Referer": "//"}, True),
        ({"Referer": "http://["}, True),
    ],
)
def test_who_is_named_as_the_sender(headers, answer):
    assert names_another_site(RequestFactory(headers=headers).post("/")) is answer


def filled_in(client: Client, address: str, number: int = -1, **typed: str) -> tuple[str, dict[str, str]]:
    """Return where a form of this page goes, and its hidden fields and button together with what is typed."""
    page = lxml.html.fromstring(client.get(address).text)
    form = [form for form in page.forms if form.method == "POST" and form.get("id") != "search"][number]
    fields = {field.name: field.get("value", "") for field in form.xpath(".//input[@type='hidden']")}
    for button in form.xpath(".//button[@name]")[:1]:
        fields[button.get("name")] = button.get("value")
    return form.action or address, fields | typed


def edit(client: Client) -> tuple[str, dict[str, str]]:
    return filled_in(client, make_comment().status_url, 0, text="Another thought.")


def withdraw(client: Client) -> tuple[str, dict[str, str]]:
    return filled_in(client, make_comment().status_url)


def appeal(client: Client) -> tuple[str, dict[str, str]]:
    comment = make_comment()
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    return filled_in(client, comment.status_url, 0, appeal="It was on topic.")


def reply(client: Client) -> tuple[str, dict[str, str]]:
    typed = {"text": "A thought.", "name": "Ada", "email": "ada@example.org"}
    return filled_in(client, f"/articles/{make_article().pk}/reply/", **typed)


def reply_as_a_member(client: Client) -> tuple[str, dict[str, str]]:
    client.force_login(make_user())
    return reply(client)


def make_report(client: Client) -> tuple[str, dict[str, str]]:
    return filled_in(client, f"/comments/{make_comment().pk}/flag/", reason="abuse")


def object_to_a_comment(client: Client) -> tuple[str, dict[str, str]]:
    row = report(make_comment().pk, reason="abuse", visitor=Reporter(address="192.0.2.1"))
    settle(row.comment_id, "kept", by=make_moderator())
    return filled_in(client, row.status_url, objection="It should go.")


def appeal_against_a_ban(client: Client) -> tuple[str, dict[str, str]]:
    ban = make_ban(network="203.0.113.0/24")
    return filled_in(client, BanNotice(ban.pk, "f" * 64, "token").url, appeal="It was my neighbour.")


def decide_by_mail(client: Client) -> tuple[str, dict[str, str]]:
    comment, moderator = make_comment(status="pending"), make_moderator()
    url = action_urls(comment.decisions.last(), moderator.email)["approve"]  # type: ignore[arg-type]
    return filled_in(client, url.removeprefix("http://testserver"))


def sign_in(client: Client) -> tuple[str, dict[str, str]]:
    return filled_in(client, "/accounts/login/", 0, login=make_user().username, password="secret")


def claim_nothing(client: Client) -> tuple[str, dict[str, str]]:
    client.force_login(make_user())
    token = client.get("/accounts/").cookies["csrftoken"].value
    return "/accounts/comments/claim/", {"csrfmiddlewaretoken": token}


def decide_on_the_desk(client: Client) -> tuple[str, dict[str, str]]:
    client.force_login(make_moderator())
    comment = make_comment(status="pending")
    client.get("/admin/moderation/")
    token = client.cookies["csrftoken"].value
    return "/admin/moderation/", {"action": "approve", "ids": str(comment.pk), "csrfmiddlewaretoken": token}


FORMS = [
    edit, withdraw, appeal, reply, reply_as_a_member, make_report, object_to_a_comment, appeal_against_a_ban,
    decide_by_mail, sign_in, claim_nothing, decide_on_the_desk,
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_form_of_a_private_page_needs_its_token_and_no_named_sender(form: Any, secure: bool):
    client = Client(enforce_csrf_checks=True)
    address, fields = form(client)
    forged = fields | {"csrfmiddlewaretoken": "x" * 64}
    unnamed = {"secure": secure, "headers": {"Origin": "null"}}

    assert client.post(address, forged, **unnamed).status_code == 403
    for headers in FOREIGN:
        without = {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}
        assert client.post(address, without, headers=headers, secure=secure).status_code == 403
    assert client.post(address, fields, **unnamed).status_code in {200, 302, 303}


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [*SILENT, *FOREIGN])
def test_a_reply_with_a_token_is_believed_whatever_the_browser_says(headers):
    """Our cookies are `SameSite=Lax`, so no other site's form brings one with its cookie."""
    client = Client(enforce_csrf_checks=True)
    address, fields = reply(client)

    assert client.post(address, fields, headers=headers).status_code == 303


@pytest.mark.django_db
def test_who_was_refused_confirms_with_the_form_that_comes_back():
    client, article = Client(enforce_csrf_checks=True), make_article()
    typed = {"text": "Kept.", "name": "Ada", "email": "ada@example.org"}
    address = f"/articles/{article.pk}/reply/"

    refused = client.post(address, typed, headers={"Origin": "null"})

    assert refused.status_code == 403
    form = next(form for form in lxml.html.fromstring(refused.text).forms if form.get("id") == "commentform")
    token = form.fields["csrfmiddlewaretoken"]
    again = client.post(address, typed | {"csrfmiddlewaretoken": token}, headers={"Origin": "null"})
    assert again.status_code == 303


@pytest.mark.django_db
@pytest.mark.parametrize("headers", SILENT)
def test_a_program_in_a_browser_needs_the_header_and_no_named_sender(headers):
    client, user = Client(enforce_csrf_checks=True), make_user()
    client.force_login(user)
    comment = make_comment(user=user)
    token = client.get(f"/articles/{comment.article_id}/you/").cookies["csrftoken"].value
    address, body = f"/api/v1/comments/{comment.pk}/", {"text": "Changed."}

    refused = client.patch(address, body, content_type="application/json", headers=headers)
    taken = client.patch(address, body, content_type="application/json", headers=headers | {"X-CSRFToken": token})

    assert (refused.status_code, refused.json()["code"]) == (403, "forgery_refused")
    assert taken.status_code == 200
