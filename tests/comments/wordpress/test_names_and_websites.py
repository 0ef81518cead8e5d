"""Names and websites: what is stored and shown of each, or whether it is refused with everything typed."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from lxml import html

from comments.models import Comment
from tests.comments.wordpress.answers import Difference, golden_cases
from tests.factories import make_article, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def seen(name: str) -> str:
    """Return what is seen of a name: what takes no room, or turns its direction, is of no account."""
    return "".join(c for c in name if unicodedata.category(c) != "Cf")


def turns(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE"} for c in text)


def only_begun(case: dict[str, Any]) -> bool:
    return case["url"].strip() in {"http://", "https://"}


def is_no_web_address(case: dict[str, Any]) -> bool:
    url = "" if only_begun(case) else case["url"].strip()
    if url and not re.match(r"(?:https?|ftp|mailto|javascript):|//", url):
        url = f"https://{url}"
    parts = urlsplit(url)
    return bool(url) and (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "@" in parts.netloc
        or bool(re.search(r"\s", url))
    )


NAME_AS_TYPED = Difference(
    "as typed",
    "A name is text: it is stored as typed and escaped where it is shown, so nothing of it is lost or decoded.",
    lambda case: bool(re.search(r"[<>&]|%[0-9A-Fa-f]{2}", case["author"])),
)
TAMED = Difference(
    "tamed",
    "What turns the direction of the line behind a name goes.",
    lambda case: turns(case["author"]),
)
REFUSED = Difference(
    "refused",
    "What leads to no web page, or hides a password, is said so (422) instead of kept unlinked or dropped unsaid.",
    is_no_web_address,
)
HTTPS = Difference(
    "https",
    "An address without a scheme leads to https, as browsers do.",
    lambda case: bool(case["url"].strip()) and "://" not in case["url"],
)
URL_AS_TYPED = Difference(
    "address as typed",
    "An address is stored as typed and escaped where it is shown; WordPress cuts it at the first odd character.",
    lambda case: bool(re.search(r"[\"<>&']", case["url"])),
)


def shown(page: str) -> tuple[str, str]:
    """Return name and link of the only comment on a page, as a browser reads them."""
    (name,) = html.fromstring(page).xpath('//*[contains(@class, "comment-name")]')
    links = name.xpath("./a")
    assert not name.xpath("./*[not(self::a)]")
    assert all("nofollow" in link.get("rel") and "ugc" in link.get("rel") for link in links)
    return name.text_content(), links[0].get("href") if links else ""


@pytest.mark.parametrize(("name", "case"), golden_cases("09"))
def test_a_name_and_a_website_are_kept_and_shown_or_refused(name, case, client):
    set_rules(hold_first_comment=False)
    article = make_article()
    typed = {"text": "Well said.", "name": case["author"], "email": "ann@example.com", "website": case["url"]}

    answer = client.post(reverse("reply", args=[article.pk]), typed)

    assert case["http"] == 302  # WordPress takes them all.
    if REFUSED.applies(case):
        assert answer.status_code == 422
        assert 'data-code="require_valid_url"' in answer.text
        assert not Comment.objects.exists()
        return
    assert answer.status_code == 303
    comment = Comment.objects.get()
    author, url = case["stored_author"], case["stored_url"]
    if NAME_AS_TYPED.applies(case) or TAMED.applies(case):
        author = " ".join(case["author"].split())
    if only_begun(case):
        url = ""  # With this, some forms begin.
    elif HTTPS.applies(case):
        url = f"https://{case['url']}"
    elif URL_AS_TYPED.applies(case):
        url = case["url"].strip()
    assert (seen(comment.name), comment.website) == (seen(author), url)
    assert not turns(comment.name)
    assert shown(client.get(article.get_absolute_url()).text) == (comment.name, url)
