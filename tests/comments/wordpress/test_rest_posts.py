"""Posts that programs sent to a real WordPress, sent here again: answered as the form would answer them."""

from __future__ import annotations

from typing import Any

import pytest

from comments.models import Comment
from tests.comments.wordpress.answers import live_cases
from tests.comments.wordpress.test_rest import wrong_credentials
from tests.factories import make_article, make_comment, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
NAMES = {"content": "text", "author_name": "name", "author_email": "email", "author_url": "website"}
TOO_LONG = 10_000  # letters
STATE = {
    5: {},
    13: {},
    14: {},
    6: {"takes_comments": False},
    10: {"state": "scheduled"},
    15: {"state": "withdrawn"},
} | {number: {"state": "draft"} for number in (7, 8, 9)}


# No fields of a comment here: refused by their names.
UNKNOWN = {"author_ip", "author_user_agent", "date", "date_gmt", "meta", "type"}
# What is nobody's to say here, and ignored: WordPress refuses it with these codes, or as a parameter that is wrong.
NOT_THEIRS = {"author", "id", "status"} | UNKNOWN
IGNORED = {f"rest_comment_invalid_{field}" for field in NOT_THEIRS} | {
    "rest_comment_exists",
    "rest_comment_login_required",  # Guests may.
    "rest_invalid_comment_type",
}


def is_ignored(told: dict[str, Any]) -> bool:
    wrong = set(told.get("data", {}).get("params", ()))
    return told.get("code") in IGNORED or bool(wrong and wrong <= NOT_THEIRS)


def status_here(case: dict[str, Any], body: dict[str, Any]) -> int:
    """Return what a post is answered with: by WordPress' status and code, and by what was in it."""
    if body.get("post") not in STATE or "state" in STATE[body["post"]]:
        return 404  # WordPress tells a draft from a private article and both from none.
    if UNKNOWN & body.keys():
        return 400
    if "parent" in body and case["status"] == 201:  # WordPress looks at no parent here.
        return 403 if "held" in case["id"] or "missing" in case["id"] else 422 if "other" in case["id"] else 201
    if case["status"] == 201 or is_ignored(case["json"]):
        return 422 if len(body["content"]) > TOO_LONG else 201
    return int(case["status"]) if case["status"] in {403, 409} else 422


@pytest.mark.parametrize(("name", "case"), live_cases("rest-comments", beginning="create-"))
def test_a_programs_post_is_answered_as_the_form_would(name, case, client):
    set_rules(flood_seconds=0, hold_first_comment=False, mail_confirmations=False)
    if "password" in name and "body" not in case:  # It was the account's, and wrong.
        wrong_credentials(case)
        return
    if not isinstance(case["body"], dict):
        path = f"/api/v1/articles/{make_article().pk}/comments/"
        assert client.post(path, case["body"], content_type="application/json").status_code == 400
        assert client.post(path, "text=x", content_type="application/x-www-form-urlencoded").status_code == 415
        return
    if case.get("auth"):
        client.force_login(make_user() if case["auth"] == "sub" else make_moderator())
    body = case["body"]
    article = make_article(**STATE[body["post"]]) if body.get("post") in STATE else None
    typed = {NAMES[field]: value for field, value in body.items() if field in NAMES}
    others = {field: value for field, value in body.items() if field not in {*NAMES, "post", "parent"}}
    if "parent" in body:
        others["parent"] = make_comment(
            make_article() if "other" in name else article, status="pending" if "held" in name else "approved"
        ).pk + (999 if "missing" in name else 0)
    path = f"/api/v1/articles/{article.pk if article else 999_999}/comments/"
    if "dup" in name and case["status"] == 409:
        client.post(path, typed, content_type="application/json")

    answer = client.post(path, typed | others, content_type="application/json")

    assert answer.status_code == status_here(case, body)
    if answer.status_code == 201 and "author_name" in body and not case.get("auth"):
        assert Comment.objects.latest("pk").name == " ".join(body["author_name"].split())
