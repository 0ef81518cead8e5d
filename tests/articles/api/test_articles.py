"""Articles over REST: what readers' programs get, and what editors' programs may do."""

import datetime as dt
import html

import pytest

from articles import publishing
from articles.api import reading
from articles.models.article import Article
from articles.models.taxonomy import Author
from articles.writing import write
from newsreader.kit.pagination import SIZES
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_editor,
    make_moderator,
    make_section,
    make_tag,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
FIELDS = {
    "id", "url", "slug", "kind", "headline", "standfirst", "html", "section", "tags", "authors", "sources", "picture",
    "published_at", "updated_at", "corrections", "comment_count", "comments_open", "version",
}  # fmt: skip


def listed(client, query=""):
    answer = client.get(f"/api/v1/articles/{query}")
    assert answer.status_code == 200, answer.content
    return [article["id"] for article in answer.json()["results"]]


def test_an_article_has_the_fields_of_the_contract(client):
    article = make_article(section=make_section("Town"), authors=[make_author(name="Ada")])
    article.sources.create(name="North Coast News Agency", url="https://agency.example/1", kind="adapted")
    make_comment(article)

    body = client.get(f"/api/v1/articles/{article.pk}/").json()

    assert set(body) == FIELDS
    assert body["url"] == f"http://testserver{article.get_absolute_url()}"
    assert body["authors"][0]["name"] == "Ada"
    assert body["sources"] == [
        {"name": "North Coast News Agency", "url": "https://agency.example/1", "kind": "adapted"}
    ]
    assert (body["comment_count"], body["comments_open"]) == (1, True)
    assert body["published_at"].endswith(("Z", "+01:00", "+02:00"))


@pytest.mark.ci_both
def test_lists_are_newest_first_narrowed_by_what_is_asked_and_paged_by_cursor(client):
    import datetime as dt

    from django.utils import timezone

    now = timezone.now()
    section, author, tag = make_section("Town"), make_author(), make_tag("ferry")
    old = make_article(at=now - dt.timedelta(days=3), headline="Lighthouse sold", section=section)
    new = make_article(at=now - dt.timedelta(days=1), authors=[author])
    new.tags.add(tag)
    make_article(kind="page")
    make_article(state="draft")

    assert listed(client) == [new.pk, old.pk]
    assert listed(client, f"?section={section.slug}") == [old.pk]
    assert listed(client, f"?author={author.slug}") == [new.pk]
    assert listed(client, f"?tag={tag.slug}") == [new.pk]
    assert listed(client, "?q=LIGHTHOUSE") == [old.pk]
    assert listed(client, f"?published_after={timezone.localdate(now - dt.timedelta(days=2))}") == [new.pk]
    assert listed(client, f"?published_before={(now - dt.timedelta(days=2)).isoformat()}") == [old.pk]
    first = client.get("/api/v1/articles/?limit=1").json()
    second = client.get(first["next"]).json()
    assert [page["results"][0]["id"] for page in (first, second)] == [new.pk, old.pk]
    assert second["next"] is None


@pytest.mark.ci_both
def test_an_editor_publishes_changes_and_withdraws(client):
    client.force_login(make_editor())
    author, section = make_author(), make_section()
    written = {
        "headline": "Café Blåbær changes hands",
        "html": '<p onclick="x()">Sold.<script>alert(1)</script></p>',
        "section": section.slug,
        "tags": ["Harbour", "food"],
        "authors": [author.slug],
        "sources": [{"name": "Coastline", "url": "https://coast.example", "kind": "translated"}],
        "state": "published",
    }

    made = client.post("/api/v1/articles/", written, content_type="application/json")
    body = made.json()
    assert made.status_code == 201, body
    assert (body["slug"], body["html"], body["state"]) == ("café-blåbær-changes-hands", "<p>Sold.</p>", "published")
    assert client.get(made["Location"].removeprefix("http://testserver")).status_code == 200

    changed = client.patch(made["Location"], {"headline": "Sold", "tags": []}, content_type="application/json").json()
    assert (changed["headline"], changed["tags"], changed["html"]) == ("Sold", [], "<p>Sold.</p>")
    assert Article.objects.get().revision == 2
    moved = client.patch(made["Location"], {"slug": "other"}, content_type="application/json")
    assert (moved.status_code, moved.json()["code"]) == (409, "address_fixed")

    comment = make_comment(Article.objects.get())
    assert client.delete(made["Location"]).status_code == 204
    assert Article.objects.get().state == "withdrawn"
    assert Article.objects.get().comments.get() == comment


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "headline"),
        ({"headline": ""}, "headline"),
        ({"headline": "x", "section": "nowhere"}, "section"),
        ({"headline": "x", "authors": ["nobody"]}, "authors"),
        ({"headline": "\u200b\u2060"}, "headline"),
        ({"headline": "x", "state": "scheduled"}, "scheduled_for"),
        ({"headline": "x", "sources": [{"name": "a", "url": "javascript:alert(1)", "kind": "adapted"}]}, "sources"),
    ],
)
def test_what_is_wrong_is_named_field_by_field_and_nothing_is_written(client, values, field):
    client.force_login(make_editor())

    answer = client.post("/api/v1/articles/", values, content_type="application/json")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)
    assert not Article.objects.exists()


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("time", "code"),
    [
        ("0001-01-01T00:00:00Z", "time_far_off"),
        ("0026-11-28T08:00:00", "time_far_off"),
        ("9999-12-31T23:59:59-12:00", "time_far_off"),
        ("2031-03-30T02:30:00", "time_skipped"),
        ("2031-10-26T02:30:00", ""),
        ("2031-10-26T02:30:00+01:00", ""),
    ],
)
def test_a_time_that_cannot_be_is_refused_over_rest_and_in_the_admin_in_the_same_words(client, time, code):
    client.force_login(make_editor())
    values = {"headline": "x", "state": "scheduled", "scheduled_for": time}

    answer = client.post("/api/v1/articles/", values, content_type="application/json")

    if not code:
        assert answer.status_code == 201
        hour = dt.timedelta(hours=1 if "+" in time else 0)  # Of a time that comes twice, the first is meant.
        assert Article.objects.get().scheduled_for == dt.datetime(2031, 10, 26, 0, 30, tzinfo=dt.UTC) + hour
        return
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (422, "scheduled_for", code)
    typed = {"scheduled_for_0": time[:10], "scheduled_for_1": time[11:19], "headline": "x"}
    assert error["message"] in html.unescape(client.post("/admin/articles/article/add/", typed).content.decode())
    assert not Article.objects.exists()


def test_only_who_may_writes_and_only_their_own(client):
    user = make_user(group="Authors")
    own, other = make_article(authors=[make_author(user=user)]), make_article()
    change = {"headline": "Changed"}

    def codes():
        paths = [f"/api/v1/articles/{own.pk}/", f"/api/v1/articles/{other.pk}/"]
        answers = [client.patch(path, change, content_type="application/json") for path in paths]
        return [answer.status_code for answer in answers]

    assert codes() == [401, 401]
    client.force_login(make_moderator())
    assert codes() == [403, 403]
    client.force_login(user)
    assert codes() == [200, 403]
    assert client.delete(f"/api/v1/articles/{own.pk}/").status_code == 403
    published = client.post(
        "/api/v1/articles/", {"headline": "x", "state": "published"}, content_type="application/json"
    )
    assert published.status_code == 403
    draft = client.post("/api/v1/articles/", {"headline": "x"}, content_type="application/json")
    assert draft.status_code == 201
    assert draft.json()["authors"][0]["id"] == user.author.pk


def test_a_session_without_the_token_changes_nothing():
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(make_editor())

    answer = client.post("/api/v1/articles/", {"headline": "x"}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "forgery_refused")


@pytest.mark.ci_both
def test_sections_tags_and_authors_are_listed_and_found(client):
    section, tag, author = make_section(), make_tag(), make_author()
    make_article(section=section, authors=[author]).tags.add(tag)
    for path, row in (("sections", section), ("tags", tag), ("authors", author)):
        assert client.get(f"/api/v1/{path}/").json()["results"][0]["slug"] == row.slug
        assert client.get(f"/api/v1/{path}/{row.slug}/").json()["url"].endswith(row.get_absolute_url())
        assert client.get(f"/api/v1/{path}/nothing/").status_code == 404


def test_what_an_address_is_made_from_is_fixed_once_published(client):
    client.force_login(make_editor())
    make_article(kind="page", slug="about")
    article = make_article(slug="about")

    answer = client.patch(f"/api/v1/articles/{article.pk}/", {"kind": "page"}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (409, "address_fixed")


@pytest.mark.ci_both
def test_a_page_is_closed_for_comments_unless_an_editor_says_so(client):
    client.force_login(make_editor())

    def takes(**values):
        return client.post("/api/v1/articles/", {"headline": "x", **values}, content_type="application/json").json()[
            "id"
        ]

    made = [takes(), takes(kind="page"), takes(kind="page", comments_open=True)]
    assert [Article.objects.get(pk=pk).takes_comments for pk in made] == [True, False, True]

    client.patch(f"/api/v1/articles/{made[0]}/", {"kind": "page"}, content_type="application/json")
    assert not Article.objects.get(pk=made[0]).takes_comments


def test_what_no_database_can_hold_finds_nothing(client):
    client.force_login(make_editor())

    answer = client.post("/api/v1/articles/", {"headline": "x", "section": "a\0"}, content_type="application/json")
    marks = client.post("/api/v1/articles/", {"headline": "\u200e"}, content_type="application/json")

    assert [answer.status_code, marks.status_code] == [422, 422]


def patch(client, article, values, **headers):
    path = f"/api/v1/articles/{article.pk}/"
    return client.patch(path, values, content_type="application/json", headers=headers)


def test_a_change_meant_for_an_older_version_is_refused_and_nothing_is_written(client):
    client.force_login(make_editor())
    article = make_article(headline="Read by both")
    read = client.get(f"/api/v1/articles/{article.pk}/")
    other = make_article()
    stranger_s = client.get(f"/api/v1/articles/{other.pk}/")["ETag"]

    first = patch(client, article, {"headline": "By one"}, **{"If-Match": f"W/{read['ETag']}"})
    late = [
        patch(client, article, {"headline": "By the other"}, **{"If-Match": read["ETag"]}),
        patch(client, article, {"headline": "By the other", "version": read.json()["version"]}),
        patch(client, article, {"headline": "By the other"}, **{"If-Match": stranger_s}),
        client.delete(f"/api/v1/articles/{article.pk}/", headers={"If-Match": read["ETag"]}),
        client.delete(
            f"/api/v1/articles/{article.pk}/", {"version": read.json()["version"]}, content_type="application/json"
        ),
    ]

    assert (first.status_code, first.json()["headline"]) == (200, "By one")
    assert {(answer.status_code, answer.json()["code"]) for answer in late} == {(412, "version_conflict")}
    assert late[0]["Content-Type"] == "application/problem+json"
    article.refresh_from_db()
    assert (article.headline, article.state) == ("By one", "published")
    now = {"headline": "After reading it", "version": first.json()["version"]}
    assert patch(client, article, now, **{"If-Match": first["ETag"]}).status_code == 200
    assert patch(client, article, {"headline": "Whatever it is"}, **{"If-Match": "*"}).status_code == 200


@pytest.mark.ci_both
@pytest.mark.parametrize(
    "change",
    [
        lambda article: publishing.withdraw(article.pk),
        lambda article: publishing.take_comments(article.pk, False),
        lambda article: write({"tags": ["C++"]}, by=make_editor(), article=article),
    ],
)
def test_every_change_of_the_newsroom_makes_a_new_version_and_a_reader_s_comment_none(client, change):
    client.force_login(make_editor())
    article = make_article()
    read = client.get(f"/api/v1/articles/{article.pk}/")

    make_comment(article)
    talked = client.get(f"/api/v1/articles/{article.pk}/", headers={"If-None-Match": read["ETag"]})
    assert (talked.status_code, talked.json()["version"]) == (200, read.json()["version"])
    assert talked["ETag"] != read["ETag"]
    assert patch(client, article, {"standfirst": "x"}, **{"If-Match": read["ETag"]}).status_code == 200

    read = client.get(f"/api/v1/articles/{article.pk}/")
    change(article)
    assert patch(client, article, {"standfirst": "y"}, **{"If-Match": read["ETag"]}).status_code == 412


def test_a_copy_is_current_whatever_has_compressed_it_and_reading_an_older_version_is_refused(client):
    path = f"/api/v1/articles/{make_article().pk}/"
    tag = client.get(path)["ETag"]

    for sent in (tag, f"W/{tag}", f'"{tag[1:-1]}-gzip"'):
        assert client.get(path, headers={"If-None-Match": sent}).status_code == 304
    assert client.get(path, headers={"If-Match": f'"{tag[1:-1]}-br"'}).status_code == 200
    stale = client.get(path, headers={"If-Match": '"older"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")


@pytest.mark.ci_both
def test_authors_sent_back_keep_their_roles(client):
    client.force_login(make_editor())
    ada, ben = make_author(name="Ada"), make_author(name="Ben")
    article = make_article()
    for author, role in ((ada, "writer"), (ada, "photographer"), (ben, "translator")):
        article.bylines.create(author=author, role=role)
    read = client.get(f"/api/v1/articles/{article.pk}/").json()["authors"]

    changed = patch(client, article, {"authors": [author["slug"] for author in read]}).json()["authors"]

    assert {(author["name"], author["role"]) for author in changed} == {
        ("Ada", "writer"), ("Ada", "photographer"), ("Ben", "translator"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("zzz=1&yyy=", ["zzz", "yyy"]),
        ("section=nosuch", ["section"]),
        ("section=", ["section"]),
        ("tag=nosuch&author=nosuch", ["tag", "author"]),
        ("tag=of-a-draft", ["tag"]),
        ("author=of-a-draft", ["author"]),
        ("sort=oldest", ["sort"]),
    ],
)
def test_a_parameter_that_means_nothing_is_named(client, query, fields):
    draft = make_article(state="draft", authors=[Author.objects.create(name="Unseen", slug="of-a-draft")])
    draft.tags.create(name="Unseen", slug="of-a-draft")

    answer = client.get(f"/api/v1/articles/?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert [error["field"] for error in answer.json()["errors"]] == fields


def test_what_editors_send_is_known_field_by_field(client):
    client.force_login(make_editor())
    article = make_article()

    for values, named in (
        ({"revision": 1, "headline": "x"}, "revision"),
        ({"sources": [{"name": "a", "kind": "adapted", "homepage": "x"}]}, "homepage"),
    ):
        answer = patch(client, article, values)
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
        assert answer.json()["errors"][0]["field"] == named
    kept = patch(client, article, {"headline": "Kept", "id": 1, "comment_count": 99}).json()
    assert (kept["headline"], kept["id"], kept["comment_count"]) == ("Kept", article.pk, 0)


def test_options_and_the_schema_say_what_editors_may_send(client):
    told = client.options("/api/v1/articles/").json()["actions"]
    one = client.options(f"/api/v1/articles/{make_article().pk}/").json()["actions"]
    schema = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    taken = schema["paths"]["/api/v1/articles/"]["post"]
    name = taken["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    headers = {given["name"] for given in taken["parameters"]}

    assert set(told["POST"]) == set(schema["components"]["schemas"][name]["properties"])
    assert told["POST"]["tags"]["child"]["type"] == "string"
    assert (told["POST"]["headline"]["required"], one["PATCH"]["headline"]["required"]) == (True, False)
    assert {"html", "scheduled_for"} <= set(told["POST"])
    assert not {"url", "comment_count"} & set(told["POST"])
    assert headers == {"Idempotency-Key"}
    changed = schema["paths"]["/api/v1/articles/{id}/"]["patch"]["parameters"]
    assert {given["name"] for given in changed} == {"id", "If-Match"}


def test_pages_of_every_size_show_so_many_by_a_few_statements(client):
    newest = [make_article().pk for _ in range(13)][::-1]
    reading._newest._statements.clear()

    for limit in range(1, 16):
        page = client.get(f"/api/v1/articles/?limit={limit}").json()
        assert [row["id"] for row in page["results"]] == newest[:limit]
        assert bool(page["next"]) == (limit < 13)

    assert len(reading._newest._statements) <= len(SIZES)
