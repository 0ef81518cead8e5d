"""The database backend for PostgreSQL: prepared statements, and connections that the server has ended."""

import datetime as dt
from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.db.models import Func, IntegerField
from django.test.utils import CaptureQueriesContext
from psycopg.types.json import Jsonb

from articles.models.article import Article
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.postgresql.direct import Direct
from newsreader.kit.statements import run
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


def elsewhere(statement):
    """Return the rows that another connection sees."""
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        other.close()


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
    (statement,) = prepared('"id" >= $1 AND "articles_article"."slug" = $2')
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


def test_the_first_rows_of_a_whole_order_are_planned_once():
    make_article()
    newest = Compiled(
        lambda *, size: Article.objects.order_by("-published_at").values_list("slug", "standfirst")[:size]
    )

    for _ in range(8):
        newest(size=3)

    (statement,) = prepared('SELECT "articles_article"."slug" AS "slug", "articles_article"."standfirst"')
    assert statement.endswith("LIMIT 3")
    with connection.cursor() as cursor:
        cursor.execute("SELECT custom_plans FROM pg_prepared_statements WHERE statement = %s", [statement])
        assert cursor.fetchall() == [(0,)]


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
    article = make_article(slug="ferry")
    by_slug = Compiled(lambda slug: Article.objects.filter(slug=slug).values_list("standfirst", "pk"))
    monkeypatch.setattr(connections["default"], "_direct", Direct(connection.connection, prepares=False))

    for _ in range(5):
        assert by_slug("ferry") == [(article.standfirst, article.pk)]

    assert not prepared('"standfirst", "articles_article"."id"')


def test_values_and_rows_are_those_of_psycopg_s_own_cursors():
    moment = dt.datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=dt.UTC)
    values = [
        "50 % Ünï",
        2**40,
        -1,
        None,
        True,
        moment,
        moment.date(),
        Decimal("1.50"),
        Jsonb({"a": [1, "ß"]}),
        b"\x00\xff",
    ]
    casts = ("text", "bigint", "int", "text", "boolean", "timestamptz", "date", "numeric", "jsonb", "bytea")
    sql = f"SELECT {', '.join(f'%s::{cast}' for cast in casts)}, 1.5::float8, ARRAY[1, 2], '10.0.0.1'::inet, '%%'"
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        ordinary = cursor.fetchall()

    for _ in range(3):  # as it comes, prepared, and prepared before
        found = connections["default"].direct.execute(sql, values)
        assert (found, repr(found)) == ((ordinary, 1), repr((ordinary, 1)))
    assert ordinary[0][5] == moment


@pytest.mark.parametrize(
    ("moment", "zone"),
    [("0001-01-01 00:00:00+00", "UTC"), ("1893-03-31 23:59:59.000001+00:53:28", "UTC"),
     ("9999-12-31 23:59:59+00", "UTC"), ("2026-03-29 01:30:00+00", "Europe/Berlin")],
)  # fmt: skip
def test_times_are_those_of_django_s_cursors_in_any_zone_of_the_session(moment, zone):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
        cursor.execute("SELECT %s::timestamptz", [moment])
        ordinary = cursor.fetchall()

    found, _ = Direct(connection.connection, prepares=False).execute("SELECT %s::timestamptz", [moment])

    assert repr(found) == repr(ordinary)


@pytest.mark.django_db(transaction=True)
def test_a_server_that_has_gone_is_an_operational_error():
    connection.ensure_connection()
    on_the_server(f"SELECT pg_terminate_backend({connection.connection.info.backend_pid}, 5000)")
    with pytest.raises(OperationalError):
        run(connection, "SELECT %s::int", [1])
    connection.close()
    assert run(connection, "SELECT %s::int", [1]).rows == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_is_one_for_statements_of_either_way_and_its_end_is_seen_by_others():
    make_article(slug="ferry")
    seen = "SELECT slug FROM articles_article ORDER BY slug"
    with transaction.atomic():
        run(connection, "UPDATE articles_article SET slug = %s", ["bridge"])
        assert Article.objects.get().slug == "bridge"
        assert elsewhere(seen) == [("ferry",)]
    assert elsewhere(seen) == [("bridge",)]
    with transaction.atomic():
        Article.objects.update(slug="tunnel")
        run(connection, "UPDATE articles_article SET slug = %s", ["ferry"])
        transaction.set_rollback(True)
    assert run(connection, seen, []).rows == [("bridge",)]


def test_an_error_and_a_rollback_leave_what_is_prepared():
    for _ in range(3):
        with suppress(DatabaseError), transaction.atomic():
            run(connection, "SELECT 1 / %s::int", [0])
    for _ in range(3):
        assert run(connection, "SELECT 1 / %s::int", [1]).rows == [(1,)]

    assert prepared("SELECT 1 / $1::int")


@pytest.mark.django_db(transaction=True)
def test_what_is_prepared_survives_a_migration_that_widens_a_column():
    run(connection, "CREATE TABLE widened (name varchar(5))", [])
    try:
        run(connection, "INSERT INTO widened VALUES (%s)", ["Anna"])
        asked = [f"SELECT name, {number} FROM widened" for number in range(2)]
        for _ in range(3):
            assert [run(connection, sql, []).rows for sql in asked] == [[("Anna", 0)], [("Anna", 1)]]
        for width in (10, 20):
            connections["default"].copy().cursor().execute(f"ALTER TABLE widened ALTER name TYPE varchar({width})")
            if width == 20:  # What is in a transaction fails, and the next one does not.
                with pytest.raises(DatabaseError), transaction.atomic():
                    run(connection, asked[0], [])
            for _ in range(3):
                assert [run(connection, sql, []).rows for sql in asked] == [[("Anna", 0)], [("Anna", 1)]]
        assert prepared("1 FROM widened")
    finally:
        run(connection, "DROP TABLE widened", [])


@pytest.mark.django_db(transaction=True)
def test_rows_that_are_read_a_few_at_a_time_in_a_transaction_can_be_locked_and_are_not_kept_beyond_it():
    article = make_article()
    held = "SELECT is_holdable FROM pg_cursors WHERE name LIKE '_django_%%'"
    with transaction.atomic():
        rows = Article.objects.select_for_update(of=("self",)).iterator(chunk_size=1)
        assert next(rows) == article
        assert run(connection, held, []).rows == [(False,)]
        rows.close()
    rows = Article.objects.iterator(chunk_size=1)
    assert next(rows) == article
    assert run(connection, held, []).rows == [(True,)]
    rows.close()


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
