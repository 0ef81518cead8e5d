"""New rows, and statements that write them, made once for each model. See `kit.compiled_queries` for why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, TypeVar

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    Field,
    FileField,
    ForeignKey,
    IntegerField,
    Model,
    OneToOneField,
    PositiveBigIntegerField,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    SmallIntegerField,
    TextField,
)
from django.db.models.base import ModelState
from django.db.models.fields import AutoFieldMixin
from django.db.models.signals import post_init, pre_init

from newsreader.kit.compiled_updates import Change
from newsreader.kit.statements import run

TOGETHER = 20  # rows that one statement writes at most; each number of them has a statement of its own

Row = TypeVar("Row", bound=Model)

_NUMBERS = {
    *(AutoField, BigAutoField, IntegerField, BigIntegerField, SmallIntegerField),
    *(PositiveIntegerField, PositiveBigIntegerField, PositiveSmallIntegerField),
}


class _Statement(NamedTuple):
    sql: str
    # The fields whose values it takes, in order; each with its attribute, and the types that it changes nothing of.
    fields: list[tuple[Field[Any, Any], str, frozenset[type]]]
    returned: list[Field[Any, Any]]  # whose values it returns, in order

    def values(self, row: Model, connection: BaseDatabaseWrapper) -> list[Any]:
        """Return what the statement takes for a row. Most goes in as it is, which saves two thirds of the time."""
        has, found = vars(row), []
        for field, name, plain in self.fields:
            value = has.get(name, row)
            if type(value) not in plain:
                value = field.get_db_prep_save(field.pre_save(row, add=True), connection)
            found.append(value)
        return found


def _plain(field: Field[Any, Any]) -> frozenset[type]:
    """Return the types whose values a field sends to the database as they are, by what Django's own classes do."""
    kind = type(field)
    if isinstance(field, CharField | TextField):
        is_own = (
            not isinstance(field, FileField)
            and kind.get_db_prep_save is Field.get_db_prep_save
            and kind.get_db_prep_value is Field.get_db_prep_value
            and kind.get_prep_value in {CharField.get_prep_value, TextField.get_prep_value}
            and kind.pre_save is Field.pre_save
        )
        return frozenset({str, NoneType}) if is_own else frozenset()
    if isinstance(field, ForeignKey):
        is_own = kind in {ForeignKey, OneToOneField}
        return _plain(field.target_field) & {int, NoneType} if is_own else frozenset()
    if kind in _NUMBERS:
        return frozenset({int, NoneType})
    return frozenset({bool, NoneType}) if kind is BooleanField else frozenset()


def new(model: type[Row], **values: Any) -> Row:
    """Return a new row as `model(**values)` makes it, in a third of the time: all columns are set at once."""
    known = _defaults(model)
    if known is None or not values.keys() <= known.names:
        return model(**values)
    row = model.__new__(model)
    has = vars(row)
    has["_state"] = ModelState()
    has |= known.constants
    for name, default in known.made:
        if name not in values:
            has[name] = default()
    for name, value in values.items():
        if name in known.constants:
            has[name] = value
        else:
            setattr(row, name, value)  # a relation, which is kept with the row
    return row


class _Defaults(NamedTuple):
    constants: dict[str, Any]  # what each column of a new row holds; of those that are made for each row, None
    made: list[tuple[str, Callable[[], Any]]]
    names: frozenset[str]  # of columns and relations


@cache
def _defaults(model: type[Model]) -> _Defaults | None:
    """Return the defaults of a model; None where somebody takes part in making a row, or the database does."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    if (
        model.__init__ is not Model.__init__
        or pre_init.has_listeners(model)
        or post_init.has_listeners(model)
        or any(isinstance(field, FileField) or (field.has_db_default() and not field.has_default()) for field in fields)
    ):
        return None
    made = [(field.attname, field.default) for field in fields if field.has_default() and callable(field.default)]
    constants = {field.attname: field.get_default() for field in fields} | dict.fromkeys(dict(made))
    return _Defaults(constants, made, frozenset({*constants, *(field.name for field in fields)}))


def insert(row: Model, *, unless_there: bool = False) -> bool:
    """Save a new row, as `save(force_insert=True)` does it, but with no signal sent. Returns whether it was written.

    What the database makes, such as the id of a row that has none, is set on the row. Raises IntegrityError where a
    constraint is broken; with `unless_there`, a row that breaks a unique one is left out instead.
    """
    alias = router.db_for_write(type(row))
    connection = connections[alias]
    statement = _statement(type(row), alias, has_id=row.pk is not None, unless_there=unless_there)
    rows, number = run(connection, statement.sql, statement.values(row, connection))
    found: Any = () if not statement.returned else rows[0] if rows else None
    written = found is not None and number != 0
    if written:
        for field, value in zip(statement.returned, found, strict=True):
            setattr(row, field.attname, value)
        row._state.adding, row._state.db = False, alias
    return written


def insert_together(*rows: Model, changes: Sequence[Change] = ()) -> None:
    """Save new rows of several models, each as `insert` does, in this order where the database takes them one by one.

    `changes`: updates of other rows, after them. PostgreSQL takes all as one statement: each row but the first costs
    0.15 ms less so, of both sides together. A row may refer to another of them, as foreign keys are checked when the
    transaction ends.
    """
    alias = router.db_for_write(type(rows[0]))
    connection = connections[alias]
    if len(rows) + len(changes) == 1 or connection.vendor != "postgresql":
        for row in rows:
            insert(row)
        for change in changes:
            run(connection, change.sql, change.params)
        return
    kinds = tuple((type(row), row.pk is not None) for row in rows)
    statement = _statement_together(kinds, tuple(change.sql for change in changes), alias)
    values = [each.values(row, connection) for each, row in zip(statement.each, rows, strict=True)]
    values += [change.params for change in changes]
    found = iter(run(connection, statement.sql, [value for some in values for value in some]).rows[0])
    for row, each in zip(rows, statement.each, strict=True):
        for field in each.returned:
            setattr(row, field.attname, next(found))
        row._state.adding, row._state.db = False, alias


class _Together(NamedTuple):
    sql: str
    each: list[_Statement]


@cache
def _statement_together(
    models: tuple[tuple[type[Model], bool], ...], changes: tuple[str, ...], alias: str
) -> _Together:
    """Return one statement for a row of each of these models, with whether it has an id, and for these updates."""
    quote = connections[alias].ops.quote_name
    each = [_statement(model, alias, has_id=has_id, unless_there=False) for model, has_id in models]
    parts = [f"row_{at} AS ({statement.sql})" for at, statement in enumerate(each)]
    parts += [f"change_{at} AS ({change})" for at, change in enumerate(changes)]
    made = ", ".join(
        f"(SELECT {quote(str(field.column))} FROM row_{at})"  # noqa: S608  Names of ours.
        for at, statement in enumerate(each)
        for field in statement.returned
    )
    return _Together(f"WITH {', '.join(parts)} SELECT {made or '1'}", each)


def insert_all(rows: Sequence[Model], *, unless_there: bool = False) -> None:
    """Save new rows of one model as `insert` does, many to a statement. What the database makes is not set on them."""
    for at in range(0, len(rows), TOGETHER):
        some = rows[at : at + TOGETHER]
        alias = router.db_for_write(type(some[0]))
        connection = connections[alias]
        statement = _statement(
            type(some[0]), alias, has_id=some[0].pk is not None, unless_there=unless_there, rows=len(some), silent=True
        )
        run(connection, statement.sql, [value for row in some for value in statement.values(row, connection)])


@cache
def _statement(
    model: type[Model], alias: str, *, has_id: bool, unless_there: bool, rows: int = 1, silent: bool = False
) -> _Statement:
    meta, quote = model._meta, connections[alias].ops.quote_name
    if meta.parents:
        raise TypeError("A row of several tables cannot be written in one statement.")
    is_made = {field: isinstance(field, AutoFieldMixin) and not has_id for field in meta.concrete_fields}
    fields: list[Any] = [field for field in meta.concrete_fields if not field.generated and not is_made[field]]
    returned: list[Any] = [] if silent else [field for field in meta.concrete_fields if is_made[field]]
    columns, marks = ", ".join(quote(field.column) for field in fields), ", ".join(["%s"] * len(fields))
    values = ", ".join([f"({marks})"] * rows)
    sql = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {values}"  # noqa: S608  Names of ours.
    sql += " ON CONFLICT DO NOTHING" if unless_there else ""
    sql += f" RETURNING {', '.join(quote(field.column) for field in returned)}" if returned else ""
    return _Statement(sql, [(field, field.attname, _plain(field)) for field in fields], returned)
