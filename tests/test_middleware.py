"""What every answer has in common, and what is refused before anybody reads it."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from comments.models import Comment
from tests.factories import make_article, make_author, make_comment, make_editor, make_section, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.mark.parametrize("path", ["/", "/nothing/", "/accounts/login/", "/api/v1/sections/", "/healthz", "/admin/"])
def test_every_answer_carries_the_headers_that_protect_it(client, path):
    answer = client.get(path)

    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


ODD_COOKIES = {
    "a session that nobody knows": {"sessionid": "0123456789abcdefghijklmnopqrstuv"},
    "a session of another form": {"sessionid": "x"},
    "a token of another form": {"csrftoken": "x"},
    "all of them": {"sessionid": "é", "csrftoken": "<>", "known": "2", "commenter": "x", "messages": "x"},
}


def test_a_public_answer_neither_sets_a_cookie_nor_varies_by_one_whatever_came_in(subtests):
    article, tag = make_article(section=make_section(), authors=[make_author()]), make_tag()
    article.tags.add(tag)
    comment, here = make_comment(article), article.get_absolute_url()
    pages = ["/", "/?page=9", here, article.section.get_absolute_url(), tag.get_absolute_url(), "/transparency/"]
    pages += [article.authors.get().get_absolute_url(), f"/comments/{comment.pk}/", f"/comments/{comment.pk}/thread/"]
    pages += ["/feed/", "/feed/json/", f"{here}feed/", "/comments/feed/", "/search/?q=ferry", "/search/?q=x&since=x"]
    pages += ["/sitemap.xml", "/news-sitemap.xml", "/robots.txt", "/search/opensearch.xml", "/static/site.css"]
    pages += [f"/oembed/?url=http://testserver{here}", "/nothing/", "/feed", "/media/pictures/nothing.jpg"]
    api = ["articles/", f"articles/{article.pk}/", f"articles/{article.pk}/comments/", f"comments/{comment.pk}/"]
    api += [
        f"comments/{comment.pk}/replies/",
        "sections/",
        "tags/",
        f"tags/{tag.slug}/",
        "authors/",
        "schema/",
        "docs/",
    ]
    api += ["articles/?limit=x", "nothing/"]
    paths = [*pages, *(f"/api/v1/{path}" for path in api)]

    def told(cookies):
        client = Client()
        for path in paths:
            client.cookies.clear()
            for name, value in cookies.items():
                client.cookies[name] = value
            answer = client.get(path)
            yield path, answer.status_code, answer.get("Cache-Control"), answer.get("Vary"), str(answer.cookies)

    plain = list(told({}))
    assert not [path for path, _, _, vary, cookies in plain if cookies or "cookie" in (vary or "").lower()]
    for name, cookies in ODD_COOKIES.items():
        with subtests.test(name):
            assert list(told(cookies)) == plain


def test_a_private_page_mends_the_cookies_that_came_in():
    client = Client()
    client.cookies["sessionid"], client.cookies["csrftoken"] = "0123456789abcdefghijklmnopqrstuv", "x"

    answer = client.get("/accounts/login/")

    assert "no-store" in answer["Cache-Control"]
    assert {"sessionid", "csrftoken"} <= set(answer.cookies)
    assert len(answer.cookies["csrftoken"].value) > 1


def test_a_late_answer_to_a_script_does_not_sign_out_who_has_signed_in_meanwhile(client):
    article, user = make_article(), make_editor()
    client.force_login(user)
    before = client.cookies["sessionid"].value
    client.force_login(user)  # It gives the session another key, and the former is not known any more.
    Session.objects.filter(session_key=before).delete()
    late = Client(headers={"Sec-Fetch-Mode": "cors"})
    late.cookies["sessionid"] = before

    answer = late.get(f"/articles/{article.pk}/you/")

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


def test_a_script_that_signs_out_removes_the_cookie(client):
    article = make_article()
    client.force_login(make_editor())
    token = client.get("/api/v1/me/").json()["csrf_token"]
    form = {"csrfmiddlewaretoken": token, "text": "The ferry was late."}

    answer = client.post(f"/articles/{article.pk}/reply/with/log-out/", form, headers={"Sec-Fetch-Mode": "cors"})

    assert answer.status_code == 303
    assert answer.cookies["sessionid"].value == ""


@pytest.mark.parametrize("path", ["/nothing/", "/articles/999/reply/", "/?page=9", "/comments/1/status/x/"])
def test_a_refusal_is_kept_by_no_cache(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert "no-store" in answer["Cache-Control"]


def test_an_address_that_is_too_long_and_a_body_that_is_too_large_are_refused(client):
    article = make_article()

    assert client.get("/?q=" + "x" * 9_000).status_code == 414
    assert client.get("/api/v1/articles/?q=" + "x" * 9_000).json()["code"] == "uri_too_long"
    page = client.post(f"/articles/{article.pk}/reply/", {"text": "x" * 5_000_000})
    assert page.status_code == 413
    program = client.post(
        f"/api/v1/articles/{article.pk}/comments/", {"text": "x" * 5_000_000}, content_type="application/json"
    )
    assert (program.status_code, program.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("unread", "status", "code"),
    [
        ("body_too_large", 413, "body_too_large"),
        ("body_too_slow", 408, "body_too_slow"),
        ("body_incomplete", 400, "bad_request"),
        ("busy", 503, "busy"),
    ],
)
def test_what_the_front_could_not_read_is_refused_in_the_words_of_who_asked(client, unread, status, code):
    article = make_article()
    said = {"newsreader.unread": unread}

    page = client.post(f"/articles/{article.pk}/reply/", **said)
    program = client.post(f"/api/v1/articles/{article.pk}/comments/", content_type="application/json", **said)

    assert (page.status_code, program.status_code, program.json()["code"]) == (status, status, code)
    assert f'data-code="{code}"' in page.text


def test_a_large_body_is_taken_as_far_as_the_text_goes(client):
    article = make_article()

    answer = client.post(
        f"/articles/{article.pk}/reply/", {"text": "x" * 1_000_000, "name": "A", "email": "a@example.org"}
    )

    assert answer.status_code == 422
    assert not Comment.objects.exists()


@pytest.mark.parametrize(
    "value", ["a\x00b", "\u202e", "é" * 70, "\r\nSet-Cookie: x=1", "{{ 7*7 }}", "%00", "'\"><svg>"]
)
def test_no_value_of_any_field_breaks_anything(client, value):
    article = make_article()
    fields = dict.fromkeys(
        ["text", "name", "email", "website", "parent", "key", "remember", "notify", "unknown"], value
    )

    assert 300 <= client.post(f"/articles/{article.pk}/reply/", fields).status_code < 500
    for field in fields:
        sound = {"text": "Hello", "name": "Ada", "email": "ada@example.org"} | {field: value}
        answer = client.post(f"/articles/{article.pk}/reply/", sound)
        assert 300 <= answer.status_code < 500, field


def test_something_broken_on_our_side_is_said_so_without_asking_the_database(client, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("articles.public.views.public", broken)
    client.raise_request_exception = False
    answer = client.get("/")

    assert answer.status_code == 500
    assert "no-store" in answer["Cache-Control"]
    assert "broke on our side" in answer.content.decode()


def test_an_old_address_of_an_imported_article_leads_to_its_new_one(client):
    article = make_article()
    article.redirects.create(site="https://old.example", path="/2009/05/ferry/")

    answer = client.get("/2009/05/ferry/")

    assert (answer.status_code, answer["Location"]) == (301, article.get_absolute_url())
    assert client.get("/2009/05/other/").status_code == 404


def test_an_editors_page_is_no_strangers(client):
    client.force_login(make_editor())

    assert "private" in client.get("/admin/")["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/accounts/apple/login/callback/", "/accounts/google/login/", "/_allauth/app/v1/auth/login"]
)
def test_what_would_fill_the_sessions_of_strangers_is_refused(client, path):
    answer = client.post(path, {"user": "x" * 100_000, "next": "/" + "x" * 100_000})

    assert answer.status_code == 413
    assert not Session.objects.exists()


def test_a_method_that_an_address_does_not_take_is_refused_for_that_and_not_for_a_token_that_it_lacks(subtests):
    article = make_article()
    here, client = article.get_absolute_url(), Client(enforce_csrf_checks=True)

    for path in ("/", here, f"{here}feed/", "/search/", "/robots.txt", f"/articles/{article.pk}/reply/"):
        for method in ("put", "delete", "options") if path.endswith("reply/") else ("post", "put", "delete", "options"):
            with subtests.test(f"{method} {path}"):
                answer = getattr(client, method)(path)

                assert (answer.status_code, answer["Allow"][:9]) == (405, "GET, HEAD")
                assert 'data-code="method_not_allowed"' in answer.text
                assert (answer["Cache-Control"], len(answer.cookies)) == ("private, no-store", 0)


def test_caches_are_told_that_an_answer_may_come_compressed_by_the_plain_one_too(client, subtests):
    article = make_article()
    comment, here = make_comment(article), article.get_absolute_url()

    for path in ("/", here, f"{here}feed/", f"/comments/{comment.pk}/thread/", "/sitemap.xml", "/api/v1/articles/"):
        with subtests.test(path):
            plain, small = client.get(path), client.get(path, headers={"Accept-Encoding": "gzip"})
            had = [client.get(path, headers={"If-None-Match": answer["ETag"]}) for answer in (plain, small)]

            assert (small["Content-Encoding"], [answer.status_code for answer in had]) == ("gzip", [304, 304])
            assert all("accept-encoding" in answer["Vary"].lower() for answer in (plain, small, *had))


def test_apps_get_no_page_for_a_method_that_an_address_does_not_take(client):
    answer = client.put("/_allauth/app/v1/config")

    assert (answer.status_code, answer["Allow"][:3], b"<html" in answer.content) == (405, "GET", False)


def test_head_answers_as_get_does_to_who_has_the_answer_already(client, subtests):
    article = make_article()
    comment = make_comment(article)

    for path in ("articles/", f"articles/{article.pk}/", f"articles/{article.pk}/comments/", f"comments/{comment.pk}/"):
        with subtests.test(path):
            etag = client.get(f"/api/v1/{path}")["ETag"]
            had = client.head(f"/api/v1/{path}", headers={"If-None-Match": etag})

            assert client.head(f"/api/v1/{path}")["ETag"] == etag == had["ETag"]
            assert (had.status_code, client.head(f"/api/v1/{path}").status_code) == (304, 200)


def test_under_api_an_address_without_its_slash_answers_as_with_it_to_every_method(client):
    article = make_article()
    path = f"/api/v1/articles/{article.pk}/comments"
    reply = {"text": "One slash short.", "name": "Ada", "email": "ada@example.org"}

    assert client.get("/api/v1/articles?limit=1").json() == client.get("/api/v1/articles/?limit=1").json()
    assert client.head("/api/v1/articles").status_code == client.options("/api/v1/articles").status_code == 200
    assert client.post(path, reply, content_type="application/json").status_code == 201
    assert Comment.objects.get().body == "One slash short."
    client.force_login(make_editor())
    one = f"/api/v1/articles/{article.pk}"
    assert client.patch(one, {"headline": "New"}, content_type="application/json").json()["headline"] == "New"
    assert [client.delete(one).status_code, client.put(one).status_code] == [204, 405]
    assert client.get("/api/v1/nothing").status_code == client.post("/api/v1/nothing").status_code == 404


def test_nowhere_a_method_that_writes_is_redirected_to_the_address_with_its_slash(client):
    article = make_article()
    article.redirects.create(site="https://old.example", path="/2009/05/ferry/")
    reply = {"text": "Kept.", "name": "Ada", "email": "ada@example.org"}

    assert client.post(f"/articles/{article.pk}/reply", reply).status_code == 303
    assert Comment.objects.get().body == "Kept."
    assert client.post(article.get_absolute_url()[:-1]).status_code == 405
    assert client.post("/2009/05/ferry").status_code == client.post("/2009/05/ferry/").status_code == 404
    client.force_login(make_editor())
    assert client.post("/admin/articles/section/add", {"name": ""}).status_code == 200
    assert client.post("/admin/nothing").status_code == 404
    assert client.get(f"/articles/{article.pk}/reply").status_code == 301
