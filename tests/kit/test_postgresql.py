"""The database backend for PostgreSQL: prepared statements, and connections that the server has ended."""

import pytest
from django.db import connection, connections
from django.db.models import Func, IntegerField
from django.test.utils import CaptureQueriesContext

from articles.models.article import Article
from newsreader.kit.compiled_queries import Compiled
from tests.databases import on_the_server
from tests.factories import make_article

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.ci_postgresql,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL alone"),
]
PREPARED = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE %s"


def prepared(part):
    with connection.cursor() as cursor:
        cursor.execute(PREPARED, [f"%{part}%"])
        return [statement for (statement,) in cursor.fetchall()]


def test_a_compiled_statement_is_prepared_once_it_comes_back_with_its_constants_in_its_text():
    article = make_article(slug="ferry")
    by_slug = Compiled(
        lambda slug, pk: Article.objects.filter(slug=slug, pk__gte=pk, state="published").only("headline")
    )

    for low in (0, 1, 1, 0):
        assert by_slug("ferry", low) == [article]
    with CaptureQueriesContext(connection) as asked:
        assert by_slug("ferry's 100 %", 2**40) == []

    # One for all sizes of numbers.
    (statement,) = prepared('"articles_article"."slug" = $2')
    assert "\"state\" = 'published'" in statement
    assert "ferry" not in statement
    assert "'ferry''s 100 %'" in asked[0]["sql"]


def test_the_first_rows_of_an_order_are_prepared_with_their_number_as_a_value():
    article = make_article(slug="ferry")
    newest = Compiled(
        lambda slug, *, size: (
            Article.objects.filter(slug=slug).order_by("-published_at").values_list("standfirst", "slug")[:size]
        )
    )

    for size in (3, 5, 3, 5):
        assert newest("ferry", size=size) == [(article.standfirst, "ferry")]

    (statement,) = prepared('"standfirst", "articles_article"."slug"')
    assert statement.endswith("LIMIT $2")


def test_how_many_there_are_is_planned_for_its_values():
    make_article(slug="ferry")
    counted = Compiled(
        lambda slug: Article.objects.filter(slug=slug).values_list(
            Func(function="COUNT", template="COUNT(*)", output_field=IntegerField())
        )
    )

    for _ in range(5):
        assert counted("ferry") == [(1,)]

    assert not prepared("SELECT COUNT(")


def test_behind_a_pooler_nothing_is_prepared(monkeypatch):
    by_slug = Compiled(lambda slug: Article.objects.filter(slug=slug).values_list("standfirst"))
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)

    for _ in range(5):
        assert by_slug("ferry") == []

    assert not prepared('SELECT "articles_article"."standfirst"')


@pytest.mark.django_db(transaction=True)
def test_a_request_is_answered_on_a_new_connection_where_the_server_has_ended_the_old_one(client):
    connection.health_check_enabled = True
    try:
        assert client.get("/").status_code == 200
        connection.health_check_done = False  # As at the beginning of a request.
        before = connection.connection.info.backend_pid
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/").status_code == 200
        assert connection.connection.info.backend_pid == before
        assert not [query for query in asked if query["sql"] == "SELECT 1"]

        on_the_server(f"SELECT pg_terminate_backend({before}, 5000)")
        connection.health_check_done = False
        assert client.get("/").status_code == 200
        assert connection.connection.info.backend_pid != before
    finally:
        connection.health_check_enabled = False


@pytest.mark.django_db(transaction=True)
def test_a_connection_without_news_is_asked_after_some_seconds(monkeypatch):
    connection.ensure_connection()
    wrapper, asked = connections["default"], []
    monkeypatch.setattr(wrapper, "health_check_enabled", True)
    monkeypatch.setattr(wrapper, "is_usable", lambda: asked.append(1) or True)
    for is_due, times in ((True, 1), (False, 1), (True, 2)):
        if is_due:
            monkeypatch.setattr(wrapper, "_sure_until", 0.0)
        wrapper.health_check_done = False
        wrapper.close_if_health_check_failed()
        assert (wrapper.health_check_done, len(asked)) == (True, times)
