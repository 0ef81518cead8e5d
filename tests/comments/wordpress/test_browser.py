"""Where a reply leads, and what a browser keeps: redirects, cookies, and who sees a comment that waits."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from articles.models.article import Article
from comments.models import Comment
from comments.posting.guest_cookie import YEAR
from tests.comments.wordpress.answers import Difference, golden, golden_cases
from tests.factories import make_article, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
ANN = {"text": "My secret opinion.", "name": "Ann", "email": "ann@example.com"}
# Where WordPress is asked to lead after posting, by the name of the case.
TARGETS = {
    "redirect_to foreign host": "https://evil.example/",
    "redirect_to //host": "//evil.example/",
    "redirect_to local path": "/path/",
    "redirect_to with own fragment": "/path/#frag",
}
STAYS = Difference(
    "stays",
    "A reply leads to itself; nobody names another place, so none is to be checked.",
    lambda name: name.startswith("redirect_to"),
)


def visit(browser: Client, article: Article) -> str:
    return browser.get(reverse("you", args=[article.pk])).text


@pytest.mark.parametrize(("name", "told"), golden_cases("01b", like=lambda told: "location" in told))
def test_a_reply_leads_to_itself_wherever_somebody_wants_it(name, told, client):
    set_rules(hold_first_comment=False)
    article = make_article()

    answer = client.post(
        reverse("reply", args=[article.pk]), ANN | {"redirect_to": TARGETS.get(name, "https://elsewhere.example/")}
    )

    assert STAYS.applies(name)
    comment = Comment.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == f"{article.get_absolute_url()}?new={comment.pk}#comment-{comment.pk}"


@pytest.mark.parametrize(("name", "told"), golden_cases("01b", like=lambda told: "location" not in told))
def test_where_neither_name_nor_address_is_asked_for(name, told, client):
    """Both may be empty; WordPress drops an address that is none without a word, here it is said."""
    set_rules(hold_first_comment=False, require_name_email=False)
    email = "no address" if "invalid" in name else ""

    answer = client.post(reverse("reply", args=[make_article().pk]), ANN | {"name": "", "email": email})

    if email:
        assert answer.status_code == 422
        assert 'data-code="require_valid_email"' in answer.text
        return
    comment = Comment.objects.get()
    assert answer.status_code == {302: 303}[told["status"]]
    assert [comment.name, comment.connection_data.email, comment.status] == told["stored"]


def facts() -> dict[str, Any]:
    if not golden("02"):
        pytest.skip("needs WordPress' answers in shared/")
    return golden("02")


@pytest.fixture
def article(db) -> Article:
    return make_article()


def send(browser: Client, article: Article, **typed: str) -> Any:
    return browser.post(reverse("reply", args=[article.pk]), ANN | typed)


def test_who_asks_for_it_is_remembered_for_a_year_and_who_does_not_is_forgotten(article):
    """WordPress keeps name and address readable in three cookies; here one is signed, and read by the server alone."""
    told = facts()
    browser = Client()

    send(browser, article, remember="on")
    kept = browser.cookies["commenter"]
    assert any(f"Max-Age={kept['max-age']}" in cookie for cookie in told["consent"]["cookies"])
    assert kept["max-age"] == YEAR
    assert kept["httponly"]
    assert "ann@example.com" not in kept.value
    assert 'value="ann@example.com"' in visit(browser, article)

    send(browser, article, text="Forget me.")
    assert all("Max-Age=0" in cookie for cookie in told["no_consent"]["cookies"])
    assert browser.cookies["commenter"]["max-age"] == ""  # Which comments were left, for this session; no details.
    assert 'value="ann@example.com"' not in visit(browser, article)


@pytest.mark.parametrize("remember", ["on", ""], ids=["remembered", "not remembered"])
def test_its_author_sees_what_waits_and_nobody_else_does(article, remember):
    told = facts()
    browser = Client()

    answer = send(browser, article, remember=remember)

    assert told["consent_view"]["sees"]
    assert told["hash_view"]["sees_second"]
    assert not told["anon_view"]["sees"]
    assert ANN["text"] in visit(browser, article)
    own = browser.get(answer["Location"])
    assert ANN["text"] in own.text
    assert 'data-status="pending"' in own.text
    assert "noindex" in own["X-Robots-Tag"]
    assert own["Cache-Control"] == "private, no-store"  # WordPress': public, for ten minutes.
    assert ANN["text"] not in Client().get(article.get_absolute_url()).text + visit(Client(), article)
    assert ANN["text"] not in browser.get(article.get_absolute_url()).text  # The public page is public.


def test_the_private_page_opens_its_own_comment_alone_and_for_good(article, time_machine):
    """WordPress' key is made of the second of posting, so it opens others of that second; and ends in ten minutes."""
    told = facts()
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    set_rules(flood_seconds=0)
    first = send(Client(), article)["Location"]
    second = send(Client(), article, text="Of the same second.", email="eve@example.com")["Location"]

    assert told["hash_of_same_second_comment_opens_other"]
    assert not told["hash_after_601s"]
    swapped = first.replace(first.rstrip("/").rpartition("/")[2], second.rstrip("/").rpartition("/")[2])
    assert Client().get(swapped).status_code == 404
    time_machine.shift(601)
    assert ANN["text"] in Client().get(first).text


def test_a_cookie_that_somebody_wrote_reveals_nothing(article):
    """WordPress shows what waits to whoever writes its author's address into a cookie."""
    told = facts()
    send(Client(), article)
    forger = Client()
    forger.cookies["commenter"] = '{"email": "ann@example.com", "comments": [1, 2, 3]}'
    forger.cookies["comment_author_email_"] = "ann@example.com"

    assert told["forged_email_cookie_reveals_pending"]
    assert ANN["text"] not in visit(forger, article)
