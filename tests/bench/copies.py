"""Many rows like one, written by the database itself, on SQLite and PostgreSQL: a million take a minute or two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction

PATH = "CAST(100000000000000000 + n AS text)"  # of a root; as long as `comments.models.paths` makes them


def many(row: models.Model, count: int, **values: str) -> None:
    """Insert so many rows like this one, with other values in SQL: of `n`, from 1, and `p`, the row that is copied."""
    table, found = row._meta.db_table, []
    for field in row._meta.concrete_fields:
        if field.generated or (field.primary_key and field.column not in values):
            continue
        found.append((f'"{field.column}"', values.pop(field.column, f'p."{field.column}"')))
    assert not values, f"{table} has no {', '.join(values)}."
    columns, given = zip(*found, strict=True)
    key = row._meta.pk
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")  # Nothing refers to what is not there.
        with _without_indexes(table):
            cursor.execute(
                f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
                f'INSERT INTO "{table}" ({", ".join(columns)}) SELECT {", ".join(given).replace("%", "%%")} '
                f'FROM numbers, "{table}" AS p WHERE p."{key.column}" = %s',
                [key.get_db_prep_value(row.pk, connection)],
            )
    if connection.vendor == "postgresql" and isinstance(key, models.AutoField):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{key.column}'), max(\"{key.column}\")) FROM \"{table}\""
            )


def address(before: str) -> str:
    """Return SQL for an IP address: `before`, and a last number of `n`."""
    text = f"'{before}.' || (n % 250)"
    return f"({text})::inet" if connection.vendor == "postgresql" else text


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    """Make the indexes anew at the end, which takes a third of the time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND schemaname = current_schema() "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)"
            if connection.vendor == "postgresql"
            else "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL",
            [table],
        )
        indexes = [(name, definition) for name, definition in cursor.fetchall() if "UNIQUE" not in definition]
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, definition in indexes:
            cursor.execute(definition.replace("%", "%%"), [])
