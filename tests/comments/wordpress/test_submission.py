"""The form: what is refused, with which code and status, and where a reply leads that is taken.

WordPress answers many refusals with 200, some with an empty page; here each has a true status and the form again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from comments.models import Comment, RateLimit
from tests.comments.wordpress.answers import Difference, golden_cases
from tests.factories import make_article, make_comment, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
TYPED = {"text": "Well said.", "name": "Ann", "email": "ann@example.com"}
LONG_AGO = dt.timedelta(days=2000)
Sender = Callable[[Client], HttpResponse]


def send(client: Client, article: Any = None, **typed: str) -> HttpResponse:
    """Send the form under an article, or under whatever is said instead of its id."""
    number = getattr(article, "pk", article) if article is not None else make_article().pk
    return client.post(f"/articles/{number}/reply/", TYPED | typed)


def at_once(client: Client, **second: str) -> HttpResponse:
    """Send the form, and once more with something else in it, where one in 15 seconds may be sent."""
    set_rules(flood_burst=1, flood_seconds=15)
    article = make_article()
    send(client, article)
    return send(client, article, **second)


def after_a_pause(client: Client) -> HttpResponse:
    set_rules(flood_burst=1, flood_seconds=15)
    article = make_article()
    send(client, article)
    RateLimit.objects.all().delete()  # As the worker does once they are full again.
    return send(client, article, text="Another text.")


def answering(status: str) -> Sender:
    def sender(client: Client) -> HttpResponse:
        parent = make_comment(status=status)
        return send(client, parent.article, parent=str(parent.pk))

    return sender


def closing_by_age(client: Client) -> HttpResponse:
    set_rules(close_after_days=14)
    return send(client, make_article(at=timezone.now() - LONG_AGO))


def for_members(client: Client) -> HttpResponse:
    set_rules(registration_required=True)
    return send(client)


def under_another(client: Client) -> HttpResponse:
    return send(client, parent=str(make_comment().pk))


# Articles are never private or behind a password here: what readers may not see is not published.
SENDERS: dict[str, Sender] = {
    "GET": lambda client: client.put(f"/articles/{make_article().pk}/reply/"),  # GET shows the form, on purpose.
    "no post": lambda client: send(client, 999_999),
    "no post id": lambda client: send(client, ""),
    "closed": lambda client: send(client, make_article(takes_comments=False)),
    "draft": lambda client: send(client, make_article(state="draft")),
    "password": lambda client: send(client, make_article(state="draft")),
    "private": lambda client: send(client, make_article(state="draft")),
    "trash": lambda client: send(client, make_article(state="withdrawn")),
    "future": lambda client: send(client, make_article(state="scheduled")),
    "auto-closed old": closing_by_age,
    "login required": for_members,
    "no name": lambda client: send(client, name=""),
    "no email": lambda client: send(client, email=""),
    "bad email": lambda client: send(client, email="not-an-email"),
    "bad email2": lambda client: send(client, email="ann@localhost"),
    "short email": lambda client: send(client, email="a@b"),
    "empty comment": lambda client: send(client, text="  \n "),
    "array comment": lambda client: client.post(
        f"/articles/{make_article().pk}/reply/", TYPED | {"text": "", "text[]": "x"}
    ),
    "only tags": lambda client: send(client, text="<img src=x> <svg></svg>"),
    "ok": send,
    "duplicate": at_once,
    "flood other text": after_a_pause,
    "flood2": lambda client: at_once(client, text="Another text."),
    "parent approved": answering("approved"),
    "parent hold": answering("pending"),
    "parent spam": answering("spam"),
    "parent trash": answering("trash"),
    "parent post-trashed": answering("trash"),  # What becomes of it in an import; withdrawing hides all at once.
    "parent missing": lambda client: send(client, parent="999999"),
    "parent on other post": under_another,
}
FIELDS = {"name": "name", "email": "email", "url": "website", "comment": "text"}
LENGTHS = re.compile(r"(name|email|url|comment) (\d+)( two-byte chars)?")


def of_length(name: str) -> Sender | None:
    """Return what sends a field of the length that a case's name tells: `url 201`, `name 123 two-byte chars`."""
    if not (said := LENGTHS.match(name)):
        return None
    field, length, letter = FIELDS[said[1]], int(said[2]), "é" if said[3] else "n"
    around = {"email": ("", "@example.org"), "website": ("https://example.org/", "")}.get(field, ("", ""))
    value = around[0] + letter * (length - len("".join(around))) + around[1]
    return lambda client: send(client, **{field: value})


HIDDEN = {"comment_id_not_found", "comment_on_draft", "comment_on_trash", "comment_on_password_protected"}
NOT_THERE = Difference(
    "404",
    "What readers do not see is 404, the same for all; not an empty page with 200.",
    lambda _, told: told["code"] in HIDDEN,
)
FIELD = Difference(
    "422",
    "A field that is wrong is 422 and the form comes back with everything typed; not an error page with 200.",
    lambda _, told: told["status"] == 200 and told["code"] not in HIDDEN,
)
LETTERS = Difference(
    "letters",
    "Lengths count letters, not bytes: a name is no longer for being Greek.",
    lambda name, _: "two-byte" in name,
)
NOTHING = Difference("nothing", "A text of which nothing is left to read is none.", lambda name, _: name == "only tags")
ELSEWHERE = Difference(
    "elsewhere", "A reply stands under the article of what it answers.", lambda name, _: name == "parent on other post"
)


def expected(name: str, told: dict[str, Any]) -> tuple[int, str]:
    """Return our status and code for a case."""
    if LETTERS.applies(name, told):
        return 303, ""
    if NOTHING.applies(name, told):
        return 422, "require_valid_comment"
    if ELSEWHERE.applies(name, told):
        return 422, "comment_parent_mismatch"
    if NOT_THERE.applies(name, told):
        return 404, ""
    if FIELD.applies(name, told):
        return 422, told["code"]
    return {302: 303}.get(told["status"], told["status"]), told["code"] or ""


@pytest.mark.parametrize(("name", "told"), golden_cases("01"))
def test_the_form_answers_as_wordpress_or_with_a_true_status(name, told, client):
    sender = SENDERS.get(name) or of_length(name)
    if sender is None:
        pytest.skip(f"no set-up is known for {name!r}")
    is_held = "unapproved=" in (told["location"] or "")
    set_rules(flood_seconds=0, hold_first_comment=is_held)

    answer = sender(client)

    status, code = expected(name, told)
    assert answer.status_code == status
    assert not code or f'data-code="{code}"' in answer.text
    if status == 303:
        comment = Comment.objects.latest("pk")
        published = f"{comment.article.get_absolute_url()}?new={comment.pk}#comment-{comment.pk}"
        assert answer["Location"] == (comment.status_url if is_held else published)
    elif status not in {404, 405}:
        assert "</textarea>" in answer.text  # The form, with what was typed in it.


def test_get_shows_the_form_and_stores_nothing(client):
    """WordPress' handler is another address than its form, so there GET is 405."""
    answer = client.get(f"/articles/{make_article().pk}/reply/", TYPED)

    assert answer.status_code == 200
    assert not Comment.objects.exists()
