"""The editors' lists: each of WordPress' entries and texts under both of our ways to look for an entry."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

import pytest
from django.urls import reverse

from comments.models import Comment, FilterEntry
from newsreader.kit.lookalikes import latin
from tests.comments.wordpress.answers import Difference, golden_cases
from tests.factories import make_article, make_rule, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
ACTIONS = {"moderation_keys": FilterEntry.Action.HOLD, "disallowed_keys": FilterEntry.Action.REFUSE}
OURS = {"hold": "pending", "approved": "approved", "trash": "trash", "spam": "spam"}
FOUND = {FilterEntry.Action.HOLD: "pending", FilterEntry.Action.REFUSE: "trash"}
AGENT = "LabAgent"  # WordPress was asked by this agent, from this address.
TYPED = {"author": "Ann", "email": "ann@example.com", "url": "", "comment": "Nothing special."}
ADDRESS = "127.0.0.1"


def entries(case: dict[str, Any]) -> list[str]:
    return [line.strip() for line in case["keys"].splitlines() if line.strip()]


def typed(case: dict[str, Any]) -> list[str]:
    return [text.casefold() for text in [*(TYPED | case["input"]).values(), AGENT]]


def stands_literally(case: dict[str, Any]) -> bool:
    return any(entry.casefold() in text for entry in entries(case) for text in [*typed(case), ADDRESS])


def as_seen(text: str) -> str:
    """What somebody reads who looks at a text: a plain way to it, and not the way of `comments.screening.normalise`."""
    text = re.sub(r"</?\w[^>]*>", "", html.unescape(text))
    text = latin("".join(c for c in text if unicodedata.category(c) != "Cf"))
    text = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).split())


def is_disguised(case: dict[str, Any], match: str) -> bool:
    """Say whether WordPress let pass what a reader would see there."""
    if case["result"] != "approved" or stands_literally(case):
        return False
    return any(as_seen(entry) in as_seen(text) for entry in entries(case) for text in typed(case))


def is_in_generated_markup(case: dict[str, Any], match: str) -> bool:
    return case["result"] != "approved" and not stands_literally(case) and "<" not in case["input"].get("comment", "")


def is_inside_words_alone(case: dict[str, Any]) -> bool:
    """Say whether every place where an entry stands is within a longer word, or behind the beginning of the address."""
    if not stands_literally(case) or any(ADDRESS.startswith(entry) for entry in entries(case)):
        return False
    whole = [
        rf"(?<!\w){re.escape(entry.casefold())}(?!\w)" if entry.isalnum() else re.escape(entry.casefold())
        for entry in entries(case)
    ]
    return not any(re.search(each, text) for each in whole for text in typed(case))


def is_spared(case: dict[str, Any], match: str) -> bool:
    return match == "word" and case["result"] != "approved" and is_inside_words_alone(case)


def is_passed_over(case: dict[str, Any], match: str) -> bool:
    """Say whether WordPress let pass what stands there letter by letter."""
    if case["result"] != "approved" or not stands_literally(case):
        return False
    return match == "substring" or not is_inside_words_alone(case)


# What is found here and not there, or there and not here.
FOUND_HERE = [
    Difference("disguise", "A word that a reader sees is a word, whatever stands between its letters.", is_disguised),
    Difference("typed", "What was typed counts, not what typography makes of it; and 0 is an entry.", is_passed_over),
]
FOUND_THERE = [
    Difference("markup", "Generated markup was not typed by anybody.", is_in_generated_markup),
    Difference("inside", "Short entries spare innocent words unless they are asked not to.", is_spared),
]


@pytest.mark.parametrize("match", ["word", "substring"])
@pytest.mark.parametrize(("name", "case"), golden_cases("05", like=lambda told: "list" in told))
def test_an_entry_does_what_it_does_in_wordpress_or_better(name, case, match, client):
    set_rules(hold_first_comment=False, flood_seconds=0, max_links=0)
    for entry in entries(case):
        make_rule(entry, match=match, action=ACTIONS[case["list"]])
    said = TYPED | case["input"]
    answer = client.post(
        reverse("reply", args=[make_article().pk]),
        {"text": said["comment"], "name": said["author"], "email": said["email"], "website": said["url"]},
        headers={"User-Agent": AGENT},
    )

    expected = OURS[case["result"]]
    if Difference.first(FOUND_HERE, case, match):
        expected = FOUND[ACTIONS[case["list"]]]
    elif Difference.first(FOUND_THERE, case, match):
        expected = "approved"
    assert answer.status_code == 303
    assert Comment.objects.get().status == expected


@pytest.mark.parametrize(("name", "case"), golden_cases("05", like=lambda told: "status" in told))
def test_what_is_silently_refused_looks_like_waiting(name, case, client):
    """WordPress leads to an anchor that nobody will ever see; here the page says what it says of all that waits."""
    set_rules(hold_first_comment=False)
    make_rule("casino", action="refuse")
    answer = client.post(
        reverse("reply", args=[make_article().pk]), {"text": "casino", "name": "Ann", "email": "ann@example.com"}
    )

    assert (case["status"], answer.status_code) == (302, 303)
    assert answer["Location"] == Comment.objects.get().status_url
    assert 'data-status="pending"' in client.get(answer["Location"]).text
