"""Rows as one text of JSON, in a column of another statement: what is asked at every post and changes rarely.

The text is what rows that were made of it are kept under. It costs the statement that carries it a few microseconds,
where a statement of its own costs 0.1 ms on SQLite, and 0.3 ms on PostgreSQL.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Model, QuerySet, Subquery, TextField


class RowsAsJson(Subquery):
    """The rows of `values_list` as a list of lists. `[]`: there are none."""

    output_field = TextField()

    def __init__(self, rows: QuerySet[Any, Any], columns: int):
        super().__init__(rows)
        self.columns = columns

    def as_sql(self, compiler: Any, connection: Any, template: str | None = None, **more: Any) -> Any:
        names = ", ".join(f"c{number}" for number in range(self.columns))
        if connection.vendor == "postgresql":
            made = f"COALESCE(json_agg(json_build_array({names})), '[]')::text"
        else:
            made = f"json_group_array(json_array({names}))"
        wrapped = f"(WITH rows({names}) AS (%(subquery)s) SELECT {made} FROM rows)"  # noqa: S608  Names of ours.
        return super().as_sql(compiler, connection, template=wrapped, **more)


def columns_of(rows: QuerySet[Any, Any]) -> RowsAsJson:
    """Return whole rows of a model whose columns JSON can hold: texts, numbers and switches."""
    names = [field.attname for field in rows.model._meta.concrete_fields]
    return RowsAsJson(rows.order_by().values_list(*names), len(names))


def row_in(text: str, model: type[Model]) -> Any:
    """Return the first row that `columns_of` has given, or None."""
    for values in json.loads(text)[:1]:
        fields = model._meta.concrete_fields
        given = [field.to_python(value) for field, value in zip(fields, values, strict=True)]
        return model.from_db("default", [field.attname for field in fields], given)
    return None
