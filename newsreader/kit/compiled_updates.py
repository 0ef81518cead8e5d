"""Updates whose SQL is written once, and not at every request. See `kit.compiled_queries` for why."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from django.db import connections, router
from django.db.models import Model, QuerySet, sql

from newsreader.kit.compiled_queries import FEW, MARKS, adapted, placed
from newsreader.kit.statements import run


class Change(NamedTuple):
    """One update with its values, to be written with new rows (`kit.compiled_inserts.insert_together`)."""

    alias: str
    sql: str
    params: list[Any]


class CompiledUpdate:
    """An update as a function of its values: `build(*values, **shape)` returns the rows and what is set in them.

    Values and shape are those of `kit.compiled_queries.Compiled`. Calling this changes the rows, and returns for each
    of them the value that this column then has.
    """

    def __init__(self, returned: str, build: Callable[..., tuple[QuerySet[Any, Any], dict[str, Any]]]):
        self.returned, self.build = returned, build
        self._model: type[Model] | None = None
        self._statements: dict[Hashable, tuple[str, list[tuple[int | None, Any]]]] = {}

    def __call__(self, *values: Any, **shape: Hashable) -> list[Any]:
        change = self.change(*values, **shape)
        return [value for (value,) in run(connections[change.alias], change.sql, change.params).rows]

    def change(self, *values: Any, **shape: Hashable) -> Change:
        """Return this update with its values, not yet carried out."""
        alias = router.db_for_write(self._model) if self._model else ""
        types = tuple(map(type, values))
        if (known := self._statements.get((alias, types, *shape.items()))) is None:
            alias, known = self._compile(types, shape)
        statement, params = known
        return Change(alias, statement, [one if at is None else adapted(values[at], alias) for at, one in params])

    def many(self, value: Any, ids: Sequence[int]) -> None:
        """Change the rows with these ids by this value. Where they are more than FEW, the statement is not kept."""
        if not ids:
            return
        if len(ids) <= FEW:
            self(value, *ids)
        else:
            rows, changes = self.build(value, *ids)
            rows.update(**changes)

    def _compile(
        self, types: tuple[type, ...], shape: dict[str, Hashable]
    ) -> tuple[str, tuple[str, list[tuple[int | None, Any]]]]:
        rows, changes = self.build(*(MARKS[kind](position) for position, kind in enumerate(types)), **shape)
        self._model = rows.model
        alias = router.db_for_write(rows.model)
        query: Any = rows.query.chain(sql.UpdateQuery)
        query.add_update_values(changes)
        query.clear_ordering(force=True)
        statement, params = query.get_compiler(using=alias).as_sql()
        column = connections[alias].ops.quote_name(rows.model._meta.get_field(self.returned).column)
        known = f"{statement} RETURNING {column}", placed(params, types, alias)
        self._statements[(alias, types, *shape.items())] = known
        return alias, known
