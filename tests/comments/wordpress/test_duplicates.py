"""The same again: what becomes of the second of two posts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from comments.models import Comment
from comments.moderation.decisions import decide
from tests.comments.wordpress.answers import Difference, golden_cases
from tests.factories import make_article, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
SAID = {"text": "The ferry is late again.", "name": "Ann", "email": "ann@example.com"}
# What each case changes: of both posts, of the second alone.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "same": ({}, {}),
    "other email": ({}, {"email": "eve@example.com"}),
    "other author": ({}, {"name": "Eve"}),
    "other author same email": ({}, {"name": "Eve"}),
    "other author other email": ({}, {"name": "Eve", "email": "eve@example.com"}),
    "case differs in text": ({}, {"text": SAID["text"].upper()}),
    "case differs author": ({}, {"name": "ANN"}),
    "case differs email": ({}, {"email": "Ann@Example.com"}),
    "accent differs": ({"text": "A café"}, {"text": "A cafe"}),
    "trailing space": ({}, {"text": SAID["text"] + " "}),
    "leading space": ({}, {"text": " " + SAID["text"]}),
    "inner double space": ({}, {"text": SAID["text"].replace(" is", "  is")}),
    "other post": ({}, {"article": "another"}),
    "other parent": ({}, {"parent": "another"}),
    "first trashed": ({}, {}),
    "first spam": ({}, {}),
    "first hold": ({}, {}),
    "no email both": ({"email": ""}, {}),
    "no email second, email first": ({}, {"email": ""}),
    "no email first, email second": ({"email": ""}, {"email": SAID["email"]}),
    "markup": ({"text": "The <b>ferry</b> & the <i>boat</i>"}, {}),
    "filtered markup": ({"text": "The <script>ferry</script> is late"}, {}),
    "link gets rel": ({"text": 'See <a href="http://a.example/">this</a>'}, {}),
    "plain link": ({"text": "See http://a.example/ there"}, {}),
    "ampersand": ({"text": "Ferry & boat"}, {}),
    "author markup": ({"name": "<b>Ann</b>"}, {}),
    "author ampersand": ({"name": "Ann & Co"}, {}),
}
STATUSES = {"first trashed": "trash", "first spam": "spam", "first hold": "pending"}


def is_the_same(name: str, told: int) -> bool:
    """Say whether WordPress takes twice what was typed alike but for blanks."""
    both, second = CHANGES[name]
    first = SAID | both
    alike = all(str(value).split() == str(first.get(field, "")).split() for field, value in second.items())
    return told == 302 and alike and STATUSES.get(name) != "trash"


def is_from_nobody(name: str, told: int) -> bool:
    """Say whether WordPress takes two for one person of whom only one gives an address."""
    both, second = CHANGES[name]
    emails = [(SAID | both)["email"], (SAID | both | second)["email"]]
    return told == 409 and emails.count("") == 1


REFUSED_HERE = Difference(
    "the same", "What was typed is compared with what was typed, so a double click with a link is one.", is_the_same
)
TAKEN_HERE = Difference(
    "nobody", "A name without an address may be anybody's, so it is not the same person.", is_from_nobody
)


@pytest.mark.parametrize(("name", "told"), golden_cases("03"))
def test_the_second_is_refused_where_wordpress_does_or_should(name, told):
    if name not in CHANGES:
        pytest.skip(f"no set-up is known for {name!r}")
    set_rules(flood_seconds=0, require_name_email=False, hold_first_comment=False, max_links=0)
    both, second = CHANGES[name]
    article = make_article()
    Client().post(reverse("reply", args=[article.pk]), SAID | both)
    first = Comment.objects.get()
    if name in STATUSES:
        decide(first.pk, STATUSES[name], reason="made_for_a_test")
    if second.get("article"):
        article = make_article()
    typed = SAID | both | {field: value for field, value in second.items() if field in SAID}

    answer = Client().post(
        reverse("reply", args=[article.pk]), typed | ({"parent": str(first.pk)} if "parent" in second else {})
    )

    expected = {302: 303, 409: 409}[told]
    if REFUSED_HERE.applies(name, told):
        expected = 409
    elif TAKEN_HERE.applies(name, told):
        expected = 303
    assert answer.status_code == expected
    assert expected == 303 or 'data-code="comment_duplicate"' in answer.text
