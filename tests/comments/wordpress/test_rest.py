"""WordPress' REST answers, and what a program gets here for the same wish.

Ours is `/api/v1/`. WordPress' own addresses (`/wp-json/`) are not there yet: what only they can answer is 404, and
when they come, these cases are theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from comments.models import Comment
from comments.moderation.decisions import decide
from tests.comments.wordpress.answers import golden_cases
from tests.factories import make_article, make_comment, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
ANN = {"text": "Well said.", "name": "Ann", "email": "ann@example.com"}
# WordPress' names of what ours carry too. Not ours: account numbers, a second clock without a zone, its links.
SAME = {
    "id": "id",
    "post": "article",
    "parent": "parent",
    "author_name": "author.name",
    "author_url": "author.url",
    "author_avatar_urls": "author.avatar",
    "date_gmt": "created_at",
    "content": "html",
    "link": "url",
    "status": "status",
}
NOT_OURS = {"author", "date", "type", "meta", "_links"}
PRIVATE = {"author_email", "author_ip", "author_user_agent"}


def get(client: Client, path: str, **asked: Any) -> Any:
    return client.get(f"/api/v1/{path}", asked)


def post(client: Client, article: Any = None, **values: Any) -> Any:
    number = getattr(article, "pk", article) or make_article().pk
    return client.post(f"/api/v1/articles/{number}/comments/", ANN | values, content_type="application/json")


def change(client: Client, method: str, comment: Comment, **values: Any) -> Any:
    return getattr(client, method)(f"/api/v1/comments/{comment.pk}/", values, content_type="application/json")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def code(answer: Any) -> str:
    body = answer.json()
    return body["errors"][0]["code"] if body["errors"] else body["code"]


def listing(told: dict[str, Any]) -> None:
    """The same facts and no private ones; what waits is not counted, either."""
    article = make_article()
    shown = make_comment(article)
    make_comment(article, status="pending")

    (root,) = get(Client(), f"articles/{article.pk}/comments/").json()["results"]

    assert root["id"] == shown.pk
    assert set(told["body"]["keys"]) <= set(SAME) | NOT_OURS
    for name in SAME.values():
        above, _, below = name.partition(".")
        assert below in root[above] if below else above in root
    assert not PRIVATE & set(told["body"]["keys"])
    assert shown.connection_data.email not in str(root)
    assert shown.connection_data.address not in str(root)


def beyond_the_end(told: dict[str, Any]) -> None:
    """A cursor leads to what there is; one that nobody was given is refused."""
    article = make_comment().article

    assert told["body"] == []
    assert get(Client(), f"articles/{article.pk}/comments/").json()["next"] is None
    assert get(Client(), f"articles/{article.pk}/comments/", cursor="cD05OTk=").status_code == 400


def too_many_a_page(told: dict[str, Any]) -> None:
    answer = get(Client(), f"articles/{make_article().pk}/comments/", limit=101)

    assert answer.status_code == told["status"] == 400


def narrowing_to_what_is_private(told: dict[str, Any]) -> None:
    """Nobody narrows the public list by what is private, or finds an address with it; the queue is for moderators.

    WordPress ignores what it does not know, and a program that asks for one thing is given another.
    """
    article = make_article()
    shown = make_comment(article)
    client = Client()

    for asked in (
        {"status": "pending"},
        {"type": "any"},
        {"search": shown.connection_data.email},
        {"author_email": "x"},
    ):
        answer = get(client, f"articles/{article.pk}/comments/", **asked)
        assert (answer.status_code, code(answer)) == (400, "unknown_parameter")
    assert get(client, "moderation/queue/", status="pending").status_code == 401
    assert get(signed_in(make_user()), "moderation/queue/", status="pending").status_code == 403


def the_queue(told: dict[str, Any]) -> None:
    waiting = make_comment(status="pending")

    (queued,) = get(signed_in(make_moderator()), "moderation/queue/").json()["results"]

    assert (queued["status"], queued["email"]) == ("pending", waiting.connection_data.email)
    assert {"address", "reasons", "text"} <= set(queued)


def no_such_status(told: dict[str, Any]) -> None:
    """WordPress says that there are none of such a kind."""
    assert get(signed_in(make_moderator()), "moderation/queue/", status="bogus").status_code == 400


def hidden_article(told: dict[str, Any]) -> None:
    """404, as for one that was never there: not 401, and not an empty list either."""
    for number in (make_article(state="draft").pk, 999_999):
        assert get(Client(), f"articles/{number}/comments/").status_code == 404


def several(told: dict[str, Any]) -> None:
    """A list is of one article; a comment has its own address. Filters that are not ours are refused by their names."""
    comment = make_comment()

    answer = get(Client(), f"articles/{comment.article_id}/comments/", include=comment.pk)

    assert (answer.status_code, code(answer), answer.json()["errors"][0]["field"]) == (
        400,
        "unknown_parameter",
        "include",
    )


def together(told: dict[str, Any]) -> None:
    """Roots come with their first replies, without another request."""
    parent = make_comment()
    reply = make_comment(parent=parent)

    (root,) = get(Client(), f"articles/{parent.article_id}/comments/").json()["results"]

    assert [each["id"] for each in root["replies"]] == [reply.pk]
    assert root["replies"][0]["parent"] == parent.pk


def schema(told: dict[str, Any]) -> None:
    assert get(Client(), "schema/").status_code == told["status"] == 200


def single(told: dict[str, Any]) -> None:
    parent = make_comment()
    reply = make_comment(parent=parent)

    body = get(Client(), f"comments/{parent.pk}/").json()

    assert (body["article"], body["reply_count"]) == (parent.article_id, 1)
    assert get(Client(), f"comments/{parent.pk}/replies/").json()["results"][0]["id"] == reply.pk


def single_waiting(told: dict[str, Any]) -> None:
    """404: whether it is there is nobody's business. Its author and moderators read it."""
    author = make_user()
    waiting = make_comment(user=author, status="pending")

    assert [
        get(signed_in(user), f"comments/{waiting.pk}/").status_code for user in (make_user(), author, make_moderator())
    ] == [404, 200, 200]
    assert get(Client(), f"comments/{waiting.pk}/").status_code == 404


def no_such_comment(told: dict[str, Any]) -> None:
    for number in ("0", "abc", "999999"):
        assert get(Client(), f"comments/{number}/").status_code == told["status"] == 404


def a_guest_posts(told: dict[str, Any]) -> None:
    """Guests may, as on the page: WordPress lets them only where a plug-in does."""
    answer = post(Client())

    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/comments/{answer.json()['id']}/")
    set_rules(registration_required=True)
    assert code(post(Client())) == "not_logged_in"


def wrong_credentials(told: dict[str, Any]) -> None:
    """Who says who they are and is wrong is not taken for a guest."""
    path = f"/api/v1/articles/{make_article().pk}/comments/"
    for headers in (
        {"X-Session-Token": "wrong"},
        {"Authorization": "Basic YWRtaW46d3Jvbmc="},
        {"Authorization": "Bearer x"},
    ):
        assert Client(headers=headers).post(path, ANN, content_type="application/json").status_code == 401
    assert not Comment.objects.exists()


def a_member_posts(told: dict[str, Any]) -> None:
    """Under their own name, whoever they say they are; their first waits."""
    user = make_user(name="Grace")

    answer = post(signed_in(user), name="The Admin", email="admin@lab.test", author=1)

    assert (answer.status_code, answer.json()["status"]) == (201, "pending")
    comment = Comment.objects.get()
    assert (comment.name, comment.connection_data.email, comment.identity.user) == ("Grace", user.email, user)


def too_fast(told: dict[str, Any]) -> None:
    """429 with how long to wait, not 400."""
    set_rules(flood_burst=1, flood_seconds=15)
    client, article = Client(), make_article()
    post(client, article)

    answer = post(client, article, text="Something else.")

    assert (answer.status_code, code(answer)) == (429, told["error"]["code"])
    assert int(answer["Retry-After"]) > 0


def nothing_said(told: dict[str, Any]) -> None:
    """422: it can be read, and is wrong."""
    answer = post(Client(), text="  ")

    assert (answer.status_code, code(answer)) == (422, "require_valid_comment")


def under_a_draft(told: dict[str, Any]) -> None:
    assert post(Client(), make_article(state="draft")).status_code == 404


def another_parent(told: dict[str, Any]) -> None:
    """WordPress takes any number for a parent here; the form and this are one way in."""
    article = make_article()

    elsewhere, unknown = post(Client(), article, parent=make_comment().pk), post(Client(), article, parent=999_999)
    waiting = post(Client(), article, parent=make_comment(article, status="pending").pk)

    assert (elsewhere.status_code, code(elsewhere)) == (422, "comment_parent_mismatch")
    assert [(answer.status_code, code(answer)) for answer in (unknown, waiting)] == [
        (403, "comment_reply_to_unapproved_comment")
    ] * 2


def what_is_not_theirs_to_say(told: dict[str, Any]) -> None:
    """What the site itself sets is ignored: id, status, time. What is no field of a comment is refused by its name."""
    answer = post(Client(), id=1, status="approved", created_at="2001-01-01T00:00:00Z")
    refused = post(Client(), type="pingback", author_ip="10.1.1.1", date="2001-01-01T00:00:00")

    comment = Comment.objects.get()
    assert (answer.status_code, comment.kind, comment.status) == (201, "comment", "pending")
    assert {error["field"] for error in refused.json()["errors"]} == {"type", "author_ip", "date"}
    assert comment.created_at.year > 2001
    assert comment.connection_data.address == "127.0.0.1"


def a_member_changes(told: dict[str, Any]) -> None:
    """Their own, for 15 minutes; nobody else's; WordPress lets them change nothing for ever."""
    author = make_user()
    own, foreign = make_comment(user=author), make_comment(user=make_user())

    assert change(signed_in(author), "patch", own, text="Better said.").status_code == 200
    assert change(signed_in(author), "patch", foreign, text="Not mine.").status_code == 403
    assert change(Client(), "patch", own, text="Nor mine.").status_code == 401
    assert change(signed_in(author), "patch", own, text="").status_code == 422


def the_same_decision(told: dict[str, Any]) -> None:
    comment = make_comment()
    decide(comment.pk, "approved", by=make_moderator())

    answer = signed_in(make_moderator()).post(
        f"/api/v1/comments/{comment.pk}/decisions/", {"status": "approved"}, content_type="application/json"
    )

    assert answer.status_code == told["status"] == 200


def no_such_decision(told: dict[str, Any]) -> None:
    """WordPress ignores a status that is none, with 200."""
    comment = make_comment()

    answer = signed_in(make_moderator()).post(
        f"/api/v1/comments/{comment.pk}/decisions/", {"status": "bogus"}, content_type="application/json"
    )

    assert answer.status_code == 422
    assert Comment.objects.get(pk=comment.pk).status == "approved"


def deleting(told: dict[str, Any]) -> None:
    """Its author takes it back, and that twice is a conflict or nothing; a stranger is asked who they are."""
    author = make_user()
    comment = make_comment(user=author)
    assert change(Client(), "delete", comment).status_code == 401
    assert change(signed_in(make_user()), "delete", comment).status_code == 403

    first, second = (change(signed_in(author), "delete", comment) for _ in range(2))

    assert first.status_code == 204
    assert second.status_code in {204, 409}
    assert Comment.objects.get().status == "trash"


def not_built(told: dict[str, Any]) -> None:
    """Nothing answers for what is not there: no stub, no empty list."""
    for path in ("", "wp/v2/comments", "wp/v2/posts", "wp/v2/users/me", "wp/v2/settings", "oembed/1.0/embed", "x"):
        assert Client().get(f"/wp-json/{path}").status_code == 404


def nobody_elses_pages(told: dict[str, Any]) -> None:
    """WordPress lets any site's pages read what a visitor may; here none."""
    answer = Client(headers={"Origin": "https://evil.example"}).get(f"/api/v1/articles/{make_article().pk}/comments/")

    assert "Access-Control-Allow-Origin" not in answer


def no_pingback(told: Any) -> None:
    assert "X-Pingback" not in Client().get(make_article().get_absolute_url())


# By the words of a case: the first that fits. What fits none needs WordPress' own addresses.
WISHES: list[tuple[str, Callable[[Any], None]]] = [
    (r"GET list", listing),
    (r"page out of range$", beyond_the_end),
    (r"per_page", too_many_a_page),
    (r"status bogus", no_such_status),
    (r"status all editor|context edit (editor|admin)", the_queue),
    (r"status .*|type anon|context edit.*|search by email.*", narrowing_to_what_is_private),
    (r"include|exclude", several),
    (r"post param of|post \d+$", hidden_article),
    (r"OPTIONS", schema),
    (r"_embed", together),
    (r"GET one", single),
    (r"GET hold", single_waiting),
    (r"GET \w+$", no_such_comment),
    (r"POST anon", a_guest_posts),
    (r"POST wrong", wrong_credentials),
    (r"POST flood", too_fast),
    (r"POST empty", nothing_said),
    (r"POST draft", under_a_draft),
    (r"POST parent", another_parent),
    (r"POST (type|with id|date|status|ip)", what_is_not_theirs_to_say),
    (r"POST .*subscriber", a_member_posts),
    (r"(PUT|PATCH) subscriber", a_member_changes),
    (r"(PUT|PATCH) same status", the_same_decision),
    (r"(PUT|PATCH) bogus status", no_such_decision),
    (r"DELETE", deleting),
    (r"CORS", nobody_elses_pages),
    (r"X-Pingback", no_pingback),
]


@pytest.fixture(autouse=True)
def _one_at_a_time(db):
    set_rules(flood_seconds=0, mail_confirmations=False)


@pytest.mark.parametrize(("name", "told"), golden_cases("11"))
def test_a_program_gets_what_it_wishes_for_or_is_told_why_not(name, told):
    wish = next((wish for words, wish in WISHES if re.match(words, name)), not_built)

    wish(told)
