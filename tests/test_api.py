"""The API's front door: its schema, its refusals, its limits."""

from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings

from newsreader.kit.rest import ByVisitor
from newsreader.wsgi import application
from tests.factories import make_article, make_comment, make_editor

PROBLEM = "application/problem+json"
PLAIN = {"Accept-Encoding": "identity"}


def test_the_schema_is_valid_and_without_warnings(db, tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def described() -> Any:
    """The API as its own schema describes it, called in this process."""
    import schemathesis  # Here, since it takes a second that few runs need.

    loaded = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
    loaded.app = application
    return loaded


thorough = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def call_every_operation(*, without: set[str], **options: Any) -> None:
    """Call each with made-up cases, beginning with the same rows, and look at what comes back. `without`: checks."""
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi import checks

    options |= {"excluded_checks": [getattr(checks, name) for name in without]}
    failed = {}
    for described_operation in described().get_all_operations():
        operation = described_operation.ok()

        @thorough
        @given(case=operation.as_strategy())
        def answers_as_described(case: Any) -> None:
            case.call_and_validate(**options)

        point = transaction.savepoint()
        try:
            answers_as_described()
        except (AssertionError, FailureGroup) as failure:
            failed[operation.label] = failure
        transaction.savepoint_rollback(point)
        cache.clear()
    assert not failed, "\n\n".join(f"{label}\n{failure}" for label, failure in failed.items())


@pytest.fixture
def newsroom(db):
    """Real rows for the operations to meet."""
    article = make_article()
    if article.pk != 1:  # The number that made-up cases try first. A sequence counts on when rows are gone.
        article = make_article(pk=1)
    root = make_comment(article)
    make_comment(parent=root)
    make_comment(article, status="pending")
    return article


@pytest.fixture
def connected():
    """Keep the connection between requests: the rows are in a transaction of the test's. Asked for last."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


# Left out: that whatever the schema allows be accepted. No schema can say which cursors or times are ones.
@pytest.mark.slow
@pytest.mark.ci_postgresql
def test_every_operation_answers_strangers_as_its_schema_says(newsroom, connected):
    call_every_operation(headers=PLAIN, without={"positive_data_acceptance"})


@pytest.mark.slow
@pytest.mark.ci_postgresql
def test_every_operation_answers_editors_as_its_schema_says(editor, connected):
    # The session stands in for whatever sign-in the case has made up, so these two checks have nothing to check.
    left_out = {"positive_data_acceptance", "ignored_auth", "negative_data_rejection"}
    call_every_operation(**editor, without=left_out)


@pytest.fixture
def editor(newsroom):
    """What an editor's program sends with every request: the session, and the token in cookie and header."""
    client = Client()
    client.force_login(make_editor())
    client.get(f"/articles/{newsroom.pk}/you/")
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    return {"cookies": cookies, "headers": PLAIN | {"X-CSRFToken": cookies["csrftoken"]}}


@pytest.mark.ci_both
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/nothing/", 404, "not_found"),
        ("get", "/api/v1/articles/999999/", 404, "not_found"),
        ("get", f"/api/v1/articles/{10**30}/", 404, "not_found"),
        ("put", "/api/v1/articles/", 405, "method_not_allowed"),
        ("get", "/api/v1/articles/?cursor=nonsense", 400, "invalid_cursor"),
        ("get", "/api/v1/articles/?limit=0", 400, "invalid_limit"),
        ("get", "/api/v1/articles/?published_after=yesterday", 400, "invalid_published_after"),
        ("get", "/api/v1/articles/?q=%00", 400, "bad_request"),
        ("get", "/api/v1/articles/?limit=1&limit=2", 400, "invalid_limit"),
        ("get", "/api/v1/me/", 401, "not_authenticated"),
        ("get", "/api/v1/moderation/queue/", 401, "not_authenticated"),
        ("post", "/api/v1/articles/", 401, "not_authenticated"),
    ],
)
def test_a_refusal_is_a_problem_document(client, method, path, status, code):
    answer = getattr(client, method)(path)

    assert answer.status_code == status
    assert answer["Content-Type"] == PROBLEM
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert (body["status"], body["code"], body["request_id"]) == (status, code, answer["X-Request-ID"])
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_json_that_is_none_is_400_and_no_json_at_all_is_415(client):
    article = make_article()
    path = f"/api/v1/articles/{article.pk}/comments/"

    broken = client.post(path, b"{", content_type="application/json")
    lone = client.post(path, b'{"text": "\\ud800"}', content_type="application/json")
    form = client.post(path, {"text": "Hello"})

    assert [broken.status_code, lone.status_code, form.status_code] == [400, 400, 415]
    assert {broken["Content-Type"], lone["Content-Type"], form["Content-Type"]} == {PROBLEM}


@pytest.mark.django_db
def test_a_forged_forwarding_header_does_not_evade_the_limit(client, monkeypatch):
    monkeypatch.setattr(ByVisitor, "THROTTLE_RATES", {"visitor": "5/min"})

    answers = [client.get("/api/v1/sections/", headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1]["Retry-After"]
    assert answers[-1]["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_each_request_counts_with_a_304_too_but_none_for_a_page(client, monkeypatch):
    monkeypatch.setattr(ByVisitor, "THROTTLE_RATES", {"visitor": "3/min"})
    for _ in range(5):
        assert client.get("/api/v1/docs/").status_code == 200
    known = {"If-None-Match": client.get("/api/v1/sections/")["ETag"]}

    answers = [client.get("/api/v1/sections/", headers=known) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [304, 304, 429]


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["Bearer nonsense", "bearer", "Token x", "", "Bearer"])
def test_credentials_that_open_nothing_are_refused_for_reading_too(client, given):
    comment = make_comment()
    client.force_login(make_editor())  # Who sends a token means to be its owner.
    article = f"articles/{comment.article_id}/"
    paths = ["articles/", article, f"{article}comments/", f"comments/{comment.pk}/", "sections/", "tags/", "authors/"]
    paths += ["me/", "moderation/queue/", "schema/", "docs/"]

    answers = [client.get(f"/api/v1/{path}", headers={"Authorization": given}) for path in paths]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "authentication_failed")}
    assert all(answer["WWW-Authenticate"] for answer in answers)


@pytest.mark.django_db
def test_credentials_for_a_server_in_front_do_not_disturb_reading(client):
    basic = {"Authorization": "Basic YTpi"}

    assert client.get("/api/v1/articles/", headers=basic).status_code == 200
    assert client.post("/api/v1/articles/", {}, "application/json", headers=basic).status_code == 401
    assert "Authorization" in client.get("/api/v1/articles/")["Vary"]


@pytest.mark.django_db
def test_a_browser_s_program_is_given_the_token_with_which_it_writes():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_editor())

    told = client.get("/api/v1/me/")
    token = {"X-CSRFToken": told.json()["csrf_token"]}
    written = client.post("/api/v1/articles/", {"headline": "x"}, "application/json", headers=token)

    assert told["Cache-Control"] == "private, no-store"
    assert written.status_code == 201
    assert client.post("/api/v1/articles/", {"headline": "x"}, "application/json").status_code == 403


@pytest.mark.django_db
def test_an_answer_for_everybody_may_be_shared_and_one_for_somebody_not(client):
    article = make_article()
    path = f"/api/v1/articles/{article.pk}/"

    stranger = client.get(path)
    listed = client.get("/api/v1/articles/")
    again = client.get(path, headers={"If-None-Match": stranger["ETag"]})
    client.force_login(make_editor())
    member = client.get(path, headers={"If-None-Match": stranger["ETag"]})

    assert listed["Cache-Control"] == "public, max-age=0, s-maxage=1"
    # A cache may keep it, but asks with whatever cookies come in, and whoever sees more is answered in full.
    assert stranger["Cache-Control"] == "public, no-cache"
    assert again.status_code == 304
    assert (member.status_code, "private" in member["Cache-Control"]) == (200, True)
    assert "Cookie" in member["Vary"]
    assert "Cookie" not in stranger["Vary"] + listed["Vary"]


def test_the_documentation_asks_nobody_else_for_anything(client, db):
    page = client.get("/api/v1/docs/").content.decode()

    assert "//" not in page.replace("<!doctype html>", "")
