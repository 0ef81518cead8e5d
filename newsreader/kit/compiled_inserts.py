"""New rows, written by a statement that is made once for each model. See `kit.compiled_queries` for why."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from django.db import connections, router
from django.db.models import Field, Model
from django.db.models.fields import AutoFieldMixin

from newsreader.kit.postgresql import prepared_cursor


class _Statement(NamedTuple):
    sql: str
    fields: list[Field[Any, Any]]  # whose values it takes, in order
    returned: list[Field[Any, Any]]  # whose values it returns, in order


def insert(row: Model, *, unless_there: bool = False) -> bool:
    """Save a new row, as `save(force_insert=True)` does it, but with no signal sent. Returns whether it was written.

    What the database makes, such as the id of a row that has none, is set on the row. Raises IntegrityError where a
    constraint is broken; with `unless_there`, a row that breaks a unique one is left out instead.
    """
    alias = router.db_for_write(type(row))
    connection = connections[alias]
    statement = _statement(type(row), alias, has_id=row.pk is not None, unless_there=unless_there)
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in statement.fields]
    with prepared_cursor(connection) as cursor:
        cursor.execute(statement.sql, values)
        found: Any = cursor.fetchone() if statement.returned else ()
        written = found is not None and cursor.rowcount != 0
    if written:
        for field, value in zip(statement.returned, found, strict=True):
            setattr(row, field.attname, value)
        row._state.adding, row._state.db = False, alias
    return written


@cache
def _statement(model: type[Model], alias: str, *, has_id: bool, unless_there: bool) -> _Statement:
    meta, quote = model._meta, connections[alias].ops.quote_name
    if meta.parents:
        raise TypeError("A row of several tables cannot be written in one statement.")
    is_made = {field: isinstance(field, AutoFieldMixin) and not has_id for field in meta.concrete_fields}
    fields: list[Any] = [field for field in meta.concrete_fields if not field.generated and not is_made[field]]
    returned: list[Any] = [field for field in meta.concrete_fields if is_made[field]]
    columns, marks = ", ".join(quote(field.column) for field in fields), ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608  Names of ours.
    sql += " ON CONFLICT DO NOTHING" if unless_there else ""
    sql += f" RETURNING {', '.join(quote(field.column) for field in returned)}" if returned else ""
    return _Statement(sql, fields, returned)
