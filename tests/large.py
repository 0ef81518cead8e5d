"""A database of its own with 100,000 comments, on PostgreSQL: every table that grows holds many rows like a first one.

The statistics are fresh, so plans are those of a large site.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, models, transaction
from django_tasks_db.models import DBTaskResult

from articles.models.article import Article, Byline
from comments.discussion.counting import recount_all
from comments.models import AuditEntry, Comment, ConnectionData, Decision, RateLimit
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from tests.databases import LOCK, OWN, TEMPLATE, drop_database, on_the_server
from tests.factories import make_article, make_author, make_comment, make_section, make_tag, set_rules

NAME = f"{OWN}_large"
COMMENTS, UNDER_ONE, ARTICLES, THREAD, EACH = 100_000, 60_000, 20_000, 5_000, 40
# Five comments in a row: a root that three answer, and one that nobody does. `n` counts them from 0.
ROOT = "(n % 5 < 2)"
# Under the first article, what answers the first roots answers the very first instead: a long thread.
TOP = f"CASE WHEN n < {THREAD} THEN 0 ELSE n - n % 5 END"
COUNT = f"CASE WHEN n = 0 THEN 3 * {THREAD} / 5 WHEN n % 5 = 0 AND n >= {THREAD} THEN 3 ELSE 0 END"
PATH = "lpad({}::text, 18, '0')"


@contextmanager
def large_database() -> Iterator[None]:
    """Connect this process to such a database meanwhile, and remove it."""
    own = connection.settings_dict["NAME"]
    connection.close()
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        drop_database(NAME)
        on_the_server(f'CREATE DATABASE "{NAME}" TEMPLATE "{TEMPLATE}"')
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = NAME
    try:
        fill()
        yield
    finally:
        connection.close()
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = own
        drop_database(NAME)


def fill() -> None:
    """Every eleventh article has what the first one has: a section, a tag, an author."""
    set_rules(flood_seconds=0)
    first = make_article(section=make_section(), authors=[make_author()])
    first.tags.add(make_tag())
    comment = make_comment(first, asked=True)
    Comment.objects.update(path="0" * 18, reply_count=0, thread_count=0)
    Letter.objects.update(due_at=comment.created_at)
    with connection.cursor() as cursor:
        # Else rows that have just been changed keep new indexes from being used, as long as anybody's transaction lasts.
        cursor.execute("VACUUM")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # Nothing refers to what is not there.
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        _many(
            first, ARTICLES - 1,
            id=f"{first.pk} + n", slug="'ferry-' || n", headline="'Ferry ' || n",
            section_id="CASE WHEN n % 11 = 0 THEN p.section_id END",
            published_at="p.published_at - n * interval '1 hour'",
            published_on="((p.published_at - n * interval '1 hour') AT TIME ZONE 'UTC')::date",
            created_at="p.created_at - n * interval '1 hour'",
        )  # fmt: skip
        for model in (Byline, Article.tags.through):
            _many(model.objects.get(), ARTICLES // 11 - 1, article_id=f"{first.pk} + n * 11")
        cursor.execute(
            "INSERT INTO articles_search (article_id, second, words) SELECT id, extract(epoch FROM published_at), "
            "to_tsvector('simple', headline || CASE WHEN id %% 100 = 0 THEN ' harbour' ELSE '' END) "
            "FROM articles_article WHERE id > %s",
            [first.pk],
        )
        _comments(comment, first.pk, comment.pk)
        _besides(comment)
        cursor.execute("SELECT setval(pg_get_serial_sequence('comments_comment', 'id'), max(id)) FROM comments_comment")
    recount_all()  # For the counts of articles, and the places in long orders.
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _comments(comment: Comment, a: int, c: int) -> None:
    """Most are approved; a hundredth each waits, is spam, trash or by the newsroom, and a thousandth speaks of the harbour."""
    top = f"({c} + {TOP})"
    _many(
        comment, COMMENTS - 1,
        id=f"{c} + n",
        article_id=f"{a} + CASE WHEN n < {UNDER_ONE} THEN 0 ELSE 1 + (n - {UNDER_ONE}) / {EACH} END",
        parent_id=f"CASE WHEN NOT {ROOT} THEN {top} END", root_id=f"CASE WHEN NOT {ROOT} THEN {top} END",
        depth=f"CASE WHEN {ROOT} THEN 0 ELSE 1 END",
        path=f"CASE WHEN {ROOT} THEN {PATH.format('n')} ELSE {PATH.format(f'({TOP})')} || {PATH.format('n')} END",
        status="CASE n % 100 WHEN 1 THEN 'pending' WHEN 6 THEN 'spam' WHEN 11 THEN 'trash' ELSE 'approved' END",
        created_at="p.created_at - interval '2 years' + n * interval '9 minutes'",
        reply_count=COUNT, thread_count=COUNT, by_staff="n % 100 = 2",
        name="'Reader ' || n % 600",
        body="'The ferry was late, number ' || n || CASE WHEN n % 1000 = 7 THEN ' in the harbour' ELSE '' END",
        html="'<p>The ferry was late.</p>'",
        link_count="CASE WHEN n % 200 = 3 THEN 1 ELSE 0 END", flag_count="CASE WHEN n % 500 = 3 THEN 1 ELSE 0 END",
        text_key="left(md5((n % 90000)::text), 16)", duplicate_key="md5(n::text)", status_token="md5(n::text)",
        idempotency_key="NULL", identity_id="NULL",
    )  # fmt: skip


def _besides(comment: Comment) -> None:
    c = comment.pk
    _many(
        ConnectionData.objects.get(), COMMENTS - 1, comment_id=f"{c} + n", email="'reader' || n % 5000 || '@example.net'",
        address="('198.51.' || n / 250 % 250 || '.' || n % 250)::inet",
    )  # fmt: skip
    first = Decision.objects.filter(comment=comment).earliest("pk")
    _many(first, COMMENTS - 1, comment_id=f"{c} + n", created_at="p.created_at - n * interval '9 minutes'")
    _many(
        AuditEntry.objects.earliest("pk"), COMMENTS, number="n + 1000", subject="'comment:' || n",
        created_at="p.created_at - n * interval '9 minutes'",
    )  # fmt: skip
    _many(
        Letter.objects.earliest("pk"), 20_000, about="'comment'", about_id=f"{c} + n", address="'r' || n || '@example.net'",
        sent_at="CASE WHEN n % 500 > 0 THEN p.created_at END", created_at="p.created_at - n * interval '1 minute'",
    )  # fmt: skip
    _many(RateLimit(key="first", full_at=comment.created_at), 20_000, key="'limit ' || n")
    done = DBTaskResult(
        task_path=send_due.module_path, args_kwargs={"args": [], "kwargs": {}}, backend_name="default", status="SUCCESSFUL",
        run_after=comment.created_at, enqueued_at=comment.created_at, finished_at=comment.created_at,
        exception_class_path="", traceback="", worker_ids=[],
    )  # fmt: skip
    _many(done, 20_000, id="gen_random_uuid()", status="CASE WHEN n % 500 = 0 THEN 'READY' ELSE p.status END")


def _many(row: models.Model, count: int, **values: str) -> None:
    """Insert so many rows like this one, with other values in SQL: of `n`, their number, and `p`, the first row."""
    table, found = row._meta.db_table, []
    if row._state.adding:
        row.save()
    for field in row._meta.concrete_fields:
        if field.generated or (field.primary_key and field.column not in values):
            continue
        found.append((f'"{field.column}"', values.pop(field.column, f'p."{field.column}"')))
    assert not values, f"{table} has no {', '.join(values)}."
    columns, given = zip(*found, strict=True)
    key = row._meta.pk
    with connection.cursor() as cursor, _without_indexes(table):
        cursor.execute(
            f'INSERT INTO "{table}" ({", ".join(columns)}) SELECT {", ".join(given).replace("%", "%%")} '
            f'FROM generate_series(1, {count}) AS n, "{table}" AS p '
            f'WHERE p."{key.column}" = %s',
            [key.get_db_prep_value(row.pk, connection)],
        )


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    """Make the indexes anew at the end, which takes a third of the time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND schemaname = current_schema() "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, definition in indexes:
            cursor.execute(definition)
