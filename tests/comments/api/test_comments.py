"""Comments over REST: threads as readers see them, one's own, and deciding."""

import json
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from articles.models.article import Article
from comments.api.comments import CommentSerializer
from comments.api.moderation import QueueViewSet
from comments.desk.filters import NAMES
from comments.models import Comment, CommentSettings
from comments.moderation import moderator_edits
from comments.moderation.decisions import decide
from newsreader.kit import kept_json
from tests.factories import make_article, make_author, make_comment, make_moderator, make_rule, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
FIELDS = {
    "id", "article", "parent", "root", "depth", "status", "author", "html", "created_at", "edited_at", "reply_count",
    "url",
}  # fmt: skip


def test_a_comment_has_the_fields_of_the_contract_and_nothing_private(client):
    root = make_comment(name="Ada", email="ada@example.org", website="https://ada.example", address="192.0.2.99")
    reply = make_comment(parent=root)

    answer = client.get(f"/api/v1/comments/{reply.pk}/")

    body = answer.json()
    assert set(body) == FIELDS
    assert (body["parent"], body["root"], body["depth"]) == (root.pk, root.pk, 1)
    assert body["url"] == f"http://testserver/comments/{reply.pk}/"
    first = client.get(f"/api/v1/comments/{root.pk}/").json()
    assert first["author"] == {
        "name": "Ada", "url": "https://ada.example", "avatar": "", "provider": "guest", "is_staff": False,
    }  # fmt: skip
    assert (first["reply_count"], first["root"]) == (1, root.pk)
    assert "ada@example.org" not in str(first)
    assert "192.0.2.99" not in str(first)


def test_roots_come_with_their_first_replies_in_the_order_asked_for(client):
    article = make_article()
    one, two = make_comment(article), make_comment(article)
    replies = [make_comment(parent=two) for _ in range(4)]
    held = make_comment(article, status="pending")
    path = f"/api/v1/articles/{article.pk}/comments/"

    body = client.get(path).json()
    assert [root["id"] for root in body["results"]] == [one.pk, two.pk]
    assert [reply["id"] for reply in body["results"][1]["replies"]] == [reply.pk for reply in replies[:3]]
    assert body["results"][1]["more_replies"] == 1
    assert held.pk not in [root["id"] for root in body["results"]]
    assert [root["id"] for root in client.get(path + "?sort=newest").json()["results"]] == [two.pk, one.pk]
    first = client.get(path + "?limit=1").json()
    assert [root["id"] for root in client.get(first["next"]).json()["results"]] == [two.pk]
    rest = client.get(f"/api/v1/comments/{two.pk}/replies/").json()["results"]
    assert [reply["id"] for reply in rest] == [reply.pk for reply in replies]


@pytest.mark.parametrize("of", ["root", "reply"])
@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"}, {"website": "https://other.example"}, {"avatar": "other.webp"}, {"provider": "google"},
        {"html": "<p>Other</p>"}, {"by_staff": True}, {"reply_count": 7}, {"thread_count": 7}, {"edited_at": timezone.now()},
        {"status": "trash"},
    ],
)  # fmt: skip
def test_a_discussion_kept_row_by_row_is_that_of_now_after_every_change(client, of, change):
    root = make_comment()
    reply = make_comment(parent=root)
    path = f"/api/v1/articles/{root.article_id}/comments/"
    before = client.get(path).content

    Comment.objects.filter(pk=root.pk if of == "root" else reply.pk).update(**change)

    after = client.get(path).content
    kept_json._rows.clear()
    assert after == client.get(path).content
    assert after != before or (of == "reply" and "thread_count" in change)


def test_a_discussion_is_the_same_bytes_whether_kept_or_not_in_one_statement(client, django_assert_num_queries):
    replied = make_comment()
    make_comment(parent=make_comment(parent=replied))
    Comment.objects.update(by_staff=True, edited_at=timezone.now(), provider="google", avatar="of.webp")
    lonely = make_comment(replied.article, website="https://ada.example", name="“Ada”")
    path = f"/api/v1/articles/{replied.article_id}/comments/"
    CommentSettings.objects.current()

    kept_json._rows.clear()
    with django_assert_num_queries(1):  # the article, how many replies are shown, the roots, their replies
        made = client.get(path).content
    assert client.get(path).content == made

    shown = CommentSerializer(context={"request": SimpleNamespace(user=AnonymousUser())})
    wanted = [shown.to_representation(Comment.objects.get(pk=pk)) for pk in (replied.pk, lonely.pk)]
    roots = json.loads(made)["results"]
    assert [len(root.pop("replies")) for root in roots] == [2, 0]
    assert [root.pop("more_replies") for root in roots] == [0, 0]
    assert roots == wanted


def test_members_see_the_same_discussion_in_one_statement_more_for_who_they_are(client, django_assert_max_num_queries):
    roots = [make_comment()]
    roots += [make_comment(roots[0].article) for _ in range(2)]
    replies = [make_comment(parent=root) for root in roots for _ in range(4)]
    path = f"/api/v1/articles/{roots[0].article_id}/comments/?limit=2&sort="
    Comment.objects.filter(pk=replies[5].pk).update(status="trash")
    CommentSettings.objects.update(replies_shown=2)

    strangers = {sort: client.get(path + sort).json() for sort in ("oldest", "newest")}
    client.force_login(make_user())
    for sort, seen in strangers.items():
        with django_assert_max_num_queries(3):
            assert client.get(path + sort).json() == seen

    oldest, newest = ([root["id"] for root in seen["results"]] for seen in strangers.values())
    assert (oldest, newest) == ([roots[0].pk, roots[1].pk], [roots[2].pk, roots[1].pk])
    shown = [[reply["id"] for reply in root["replies"]] for root in strangers["oldest"]["results"]]
    assert shown == [[replies[0].pk, replies[1].pk], [replies[4].pk, replies[6].pk]]
    assert [root["more_replies"] for root in strangers["oldest"]["results"]] == [2, 2]


@pytest.mark.parametrize("more", ["", "?sort=none", "?limit=none", "?other=1", "?cursor=none"])
@pytest.mark.parametrize("state", ["draft", "withdrawn", None])
def test_an_article_that_readers_do_not_see_is_not_there_whatever_else_is_wrong(client, more, state):
    pk = make_comment().article_id if state else 987654
    Article.objects.filter(pk=pk).update(state=state or "published")
    path = f"/api/v1/articles/{pk}/comments/{more}"

    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert client.get(path, headers=headers).status_code == 404
    assert client.put(path).status_code == 405


def test_an_article_without_comments_has_an_empty_list_and_says_what_is_wrong(client):
    path = f"/api/v1/articles/{make_article().pk}/comments/"

    assert client.get(path).json() == {"next": None, "previous": None, "results": []}
    assert client.head(path).status_code == 200
    assert client.get(path, {"sort": "none"}).json()["code"] == "invalid_sort"
    assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_lists_are_whole_before_anybody_has_opened_the_site_s_settings(client):
    root = make_comment()
    make_comment(parent=root)
    CommentSettings.objects.all().delete()

    found = client.get(f"/api/v1/articles/{root.article_id}/comments/").json()["results"]

    assert [len(shown["replies"]) for shown in found] == [1]
    CommentSettings.objects.all().delete()
    (article,) = client.get("/api/v1/articles/").json()["results"]
    assert article["comments_open"]


def test_what_comes_with_voting_is_absent_until_then(client):
    comment = make_comment()
    path = f"/api/v1/articles/{comment.article_id}/comments/"

    assert "score" not in client.get(path).json()["results"][0]
    for sort in ("best", "score"):
        answer = client.get(path, {"sort": sort})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_sort")
    assert "score" not in client.get("/api/v1/schema/", headers={"Accept": "application/json"}).content.decode()


def test_what_waits_is_seen_by_its_author_and_moderators_alone(client):
    user = make_user()
    comment = make_comment(user=user, status="pending")
    path = f"/api/v1/comments/{comment.pk}/"

    assert client.get(path).status_code == 404
    client.force_login(make_user())
    assert client.get(path).status_code == 404
    client.force_login(user)
    assert client.get(path).json()["text"] == comment.body
    client.force_login(make_moderator())
    assert client.get(path).json()["text"] == comment.body


def test_an_author_is_not_told_what_a_rule_decided(client):
    make_rule("casino", action="spam")
    user = make_user()
    client.force_login(user)
    article = make_article()
    client.post(f"/api/v1/articles/{article.pk}/comments/", {"text": "casino"}, content_type="application/json")
    comment = Comment.objects.get()

    assert client.get(f"/api/v1/comments/{comment.pk}/").json()["status"] == "pending"
    decide(comment.pk, "trash", by=make_moderator(), reason="spam")
    assert client.get(f"/api/v1/comments/{comment.pk}/").json()["status"] == "trash"


def test_an_author_changes_and_withdraws_their_own(client):
    user = make_user()
    comment = make_comment(user=user)
    path = f"/api/v1/comments/{comment.pk}/"

    assert client.patch(path, {"text": "x"}, content_type="application/json").status_code == 401
    client.force_login(make_user())
    assert client.patch(path, {"text": "x"}, content_type="application/json").status_code == 403
    assert client.delete(path).status_code == 403
    client.force_login(user)
    assert client.patch(path, {"text": "Mended"}, content_type="application/json").json()["html"] == "<p>Mended</p>"
    assert client.patch(path, {"text": " "}, content_type="application/json").json()["code"] == "require_valid_comment"
    assert client.delete(path).status_code == 204
    assert Comment.objects.get().decisions.last().reason == "withdrawn"


def test_a_comment_that_they_do_not_see_is_not_there_whatever_is_wrong_with_the_change(client):
    user = make_user()
    waiting = make_comment(status="pending")
    unpublished = make_comment(make_article(), user=user)
    Article.objects.filter(pk=unpublished.article_id).update(state="draft")
    shown = make_comment(user=user)
    client.force_login(user)

    def answer(pk, body, **headers):
        path = f"/api/v1/comments/{pk}/"
        found = client.patch(path, body, content_type="application/json", headers=headers)
        return found.status_code

    for body in ({"text": "x"}, {"text": 7}, {"zzz": "x"}, {}, "{", {"text": " "}, {"text": "x", "version": 9}):
        for pk in (waiting.pk, unpublished.pk, 10**6, 10**30):
            assert answer(pk, body) == 404
        assert answer(pk=shown.pk, body=body) != 404
    assert Comment.objects.filter(version=1).count() == 2  # All but the one that they may change.


def test_a_moderator_decides_with_a_reason_and_reads_the_record(client):
    comment, moderator = make_comment(status="pending"), make_moderator()
    path = f"/api/v1/comments/{comment.pk}/decisions/"

    def post(**values):
        return client.post(path, values, content_type="application/json")

    assert post(status="approved").status_code == 401
    client.force_login(make_user())
    assert post(status="approved").status_code == 403
    client.force_login(moderator)
    assert post(status="trash").json()["errors"][0]["field"] == "reason"
    assert post(status="gone", reason="spam").status_code == 422
    made = post(status="approved")
    assert (made.status_code, made.json()["after"], made.json()["by"]) == (201, "approved", moderator.pk)
    assert post(status="approved").status_code == 200
    assert post(status="spam", reason="spam").status_code == 201
    record = client.get(path).json()["results"]
    assert [decision["after"] for decision in record][-2:] == ["approved", "spam"]
    assert [decision["number"] for decision in record] == list(range(1, len(record) + 1))


def test_a_decision_about_a_withdrawn_comment_is_a_conflict(client):
    user = make_user()
    comment = make_comment(user=user)
    client.force_login(user)
    client.delete(f"/api/v1/comments/{comment.pk}/")
    client.force_login(make_moderator())

    answer = client.post(
        f"/api/v1/comments/{comment.pk}/decisions/", {"status": "approved"}, content_type="application/json"
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "comment_withdrawn")


def test_the_queue_shows_why_each_waits_and_narrows(client):
    moderator = make_moderator()
    make_rule("harbour")
    article = make_article()
    from comments.posting.submission import post_comment
    from tests.factories import make_draft

    first = post_comment(make_draft(article, email="ada@example.org", text="One"))
    second = post_comment(make_draft(text="The harbour"))
    make_comment(article)
    client.force_login(moderator)

    def queue(query=""):
        return client.get(f"/api/v1/moderation/queue/{query}").json()["results"]

    assert [row["id"] for row in queue()] == [first.pk, second.pk]
    assert queue()[0]["reasons"][0]["code"] == "first_comment"
    assert queue()[0]["email"] == "ada@example.org"
    assert [row["id"] for row in queue("?reason=held_words")] == [second.pk]
    assert [row["id"] for row in queue(f"?article={article.pk}")] == [first.pk]
    assert [row["id"] for row in queue("?q=ada@example")] == [first.pk]
    assert queue("?since=2999-01-01") == []
    assert len(queue("?status=approved")) == 1


def test_an_author_moderates_under_their_own_articles_only(client):
    author = make_user(group="Authors")
    mine = make_comment(make_article(authors=[make_author(user=author)]), status="pending")
    other = make_comment(status="pending")
    client.force_login(author)

    assert [row["id"] for row in client.get("/api/v1/moderation/queue/").json()["results"]] == [mine.pk]

    def decided(comment):
        path = f"/api/v1/comments/{comment.pk}/decisions/"
        return client.post(path, {"status": "approved"}, content_type="application/json").status_code

    assert (decided(mine), decided(other)) == (201, 404)


def test_me_says_who_is_signed_in(client):
    moderator = make_moderator(name="Grace")
    client.force_login(moderator)

    body = client.get("/api/v1/me/").json()

    assert (body["username"], body["name"], body["email"], body["groups"]) == (
        moderator.username, "Grace", moderator.email, ["Moderators"],
    )  # fmt: skip


@pytest.mark.parametrize("status", ["trash", "spam", "pending"])
def test_a_removed_root_stands_for_its_replies_and_says_nothing_any_more(client, status, django_assert_max_num_queries):
    article = make_article()
    for _ in range(5):
        root = make_comment(article, name="Eve", text="Regrettable", website="https://eve.example")
        make_comment(parent=root)
        decide(root.pk, status)

    with django_assert_max_num_queries(14):
        answer = client.get(f"/api/v1/articles/{article.pk}/comments/")

    for shown in answer.json()["results"]:
        assert (shown["status"], shown["html"], shown["author"]["name"], shown["author"]["url"]) == (
            "trash",
            "",
            "",
            "",
        )
        assert len(shown["replies"]) == 1
    assert "Regrettable" not in answer.content.decode()
    assert "Eve" not in answer.content.decode()


def test_only_the_site_itself_gives_some_reasons(client):
    comment = make_comment()
    client.force_login(make_moderator())
    path = f"/api/v1/comments/{comment.pk}/decisions/"

    for reason in ("withdrawn", "imported"):
        answer = client.post(path, {"status": "trash", "reason": reason}, content_type="application/json")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "reason_required")


def test_the_queue_is_kept_by_no_cache(client):
    client.force_login(make_moderator())

    assert client.get("/api/v1/moderation/queue/")["Cache-Control"] == "private, no-store"


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"text": None}, 422, "require_valid_comment"),
        ({"text": ["a"]}, 422, "require_valid_comment"),
        ({"text": "x", "parent": "abc"}, 403, "comment_reply_to_unapproved_comment"),
        ({"text": "x", "parent": [1]}, 403, "comment_reply_to_unapproved_comment"),
        ({"text": "x", "parent": True}, 403, "comment_reply_to_unapproved_comment"),
        ({"text": "x", "parent": 10**30}, 403, "comment_reply_to_unapproved_comment"),
        ({"text": "x", "name": None}, 422, "require_name_email"),
        ({"text": "x", "notify": {}}, 201, None),
        ({"text": "x\0y"}, 201, None),
    ],
)
def test_odd_json_is_treated_as_the_form_would_be(client, values, status, code):
    body = {"name": "Ada", "email": "ada@example.org"} | values
    path = f"/api/v1/articles/{make_article().pk}/comments/"

    answer = client.post(path, body, content_type="application/json")

    assert answer.status_code == status, answer.content
    assert answer.json().get("code") == code


def test_what_a_member_sends_as_their_name_is_ignored_whatever_it_is(client):
    client.force_login(make_user())
    path = f"/api/v1/articles/{make_article().pk}/comments/"

    answer = client.post(path, {"text": "x", "name": None, "email": {}, "website": 7}, content_type="application/json")

    assert answer.status_code == 201


def test_method_and_article_come_before_the_token():
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    article = make_article()

    def status(method, path):
        return getattr(client, method)(path, {}, content_type="application/json").status_code

    assert status("put", f"/api/v1/articles/{article.pk}/comments/") == 405
    assert status("post", "/api/v1/articles/99999/comments/") == 404
    assert status("post", "/api/v1/comments/1/") == 405
    assert status("post", f"/api/v1/articles/{article.pk}/comments/") == 403


@pytest.mark.ci_both
def test_a_change_meant_for_an_older_text_is_refused_and_the_newer_one_stays(client):
    user = make_user()
    comment = make_comment(user=user, text="As typed")
    path = f"/api/v1/comments/{comment.pk}/"
    client.force_login(user)
    read = client.get(path)
    moderator_edits.revise(comment.pk, "Shortened by a moderator", by=make_moderator())

    late = [
        client.patch(path, {"text": "x"}, content_type="application/json", headers={"If-Match": read["ETag"]}),
        client.patch(path, {"text": "x", "version": read.json()["version"]}, content_type="application/json"),
        client.delete(path, headers={"If-Match": read["ETag"]}),
        client.delete(path, {"version": read.json()["version"]}, content_type="application/json"),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in late} == {(412, "version_conflict")}
    comment.refresh_from_db()
    assert (comment.body, comment.status) == ("Shortened by a moderator", "approved")
    newest = client.get(path)
    changed = client.patch(
        path, {"text": "Seen and changed"}, content_type="application/json", headers={"If-Match": newest["ETag"]}
    )
    assert (changed.status_code, changed.json()["version"]) == (200, newest.json()["version"] + 1)
    assert client.delete(path, headers={"If-Match": f"W/{changed['ETag']}"}).status_code == 204


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("articles/{article}/comments/?q=harbour", "q"),
        ("comments/{comment}/?zzz=1", "zzz"),
        ("comments/{comment}/replies/?sort=newest", "sort"),
        ("comments/{comment}/decisions/?status=spam", "status"),
        ("moderation/queue/?statsu=spam", "statsu"),
        ("moderation/queue/?article=999999", "article"),
        ("moderation/queue/?section=999999", "section"),
        ("moderation/queue/?reason=nothing_of_ours", "reason"),
        ("moderation/queue/?author=account:999999", "author"),
        ("sections/?q=x", "q"),
        ("tags/?name=x", "name"),
        ("authors/?page=2", "page"),
        ("me/?fields=id", "fields"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(client, path, field):
    comment = make_comment()
    client.force_login(make_moderator())

    answer = client.get(f"/api/v1/{path}".format(article=comment.article_id, comment=comment.pk))

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("path", "values", "field"),
    [
        ("articles/{article}/comments/", {"text": "x", "texxt": "y"}, "texxt"),
        ("comments/{comment}/flag/", {"reason": "spam", "why": "x"}, "why"),
        ("comments/{comment}/decisions/", {"status": "spam", "reasons": "x"}, "reasons"),
        ("decisions/batches/00000000-0000-0000-0000-000000000001/undo/", {"only": [1]}, "only"),
        ("decisions/", {"filter": {"statsu": "approved"}, "status": "trash", "reason": "spam"}, "filter.statsu"),
        ("decisions/", {"filter": {"article": "999999"}, "status": "trash", "reason": "spam"}, "article"),
    ],
)
def test_a_field_that_means_nothing_is_named_and_nothing_is_done(client, path, values, field):
    comment = make_comment(status="pending") if path == "decisions/" else make_comment()
    client.force_login(make_moderator())

    answer = client.post(
        f"/api/v1/{path}".format(article=comment.article_id, comment=comment.pk), values, "application/json"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert Comment.objects.get().status == comment.status


def test_the_schema_names_every_parameter_that_the_queue_reads():
    assert {given.name for given in QueueViewSet.filters} == NAMES


def test_options_say_what_a_reply_takes(client):
    told = client.options(f"/api/v1/articles/{make_article().pk}/comments/").json()["actions"]

    assert set(told["POST"]) == {"text", "parent", "name", "email", "website", "notify"}
