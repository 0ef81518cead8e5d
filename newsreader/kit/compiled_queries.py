"""Queries whose SQL is written once, and not at every request: for those that every page or every post asks.

Django's ORM takes ten times as long to write a short statement as SQLite takes to answer it (0.5 ms to 0.05). The
statement is the ORM's own: it is compiled from the query at its first use, with marks in place of the values.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast

from django.db import connections, router
from django.db.models import Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.signals import post_init, pre_init

from newsreader.kit import unchanged_rows
from newsreader.kit.numbers import LARGEST_ID
from newsreader.kit.statements import run

Row = TypeVar("Row")
Values = Sequence[Any]
Param = tuple[int | None, Any]  # the position of a value, or None and a constant

# How many come before one, and which texts hold a word, is planned by PostgreSQL for the values of each execution. Once
# for all, it planned for the average article, and read all 60,000 comments of a long one (`tests/test_plans.py`).
_BY_VALUES = re.compile(r"^SELECT COUNT\(| @@ ")
# The first rows of an order would do the same, if the statement said how many. Their number being a value, PostgreSQL
# takes it for a tenth of all, and reads them in the order of an index, however many there are. A statement without
# other values says it: else it was planned anew each time, since a plan for so few rows looks much cheaper, and a list
# of articles cost a tenth more.
_PLACES = re.compile(r"\bLIMIT (?:%s|(?!1$)\d+$)|%[%s]")
_MARKS = re.compile("%[%s]")

# Statements that one query keeps. Where a shape follows what somebody has typed, as the words of a search do, there may
# be any number; what comes later is compiled each time.
MOST = 500
FEW = 20  # values: a statement for each number of them is kept up to so many

# What stands for the value at a position, by its type. In range of every column, and in no query of ours.
MARKS: dict[type, Callable[[int], Any]] = {
    int: lambda position: 2_000_000_089 + position,
    str: lambda position: f"\x02{position}\x02",
    dt.date: lambda position: dt.date(9876, 5, 4) + dt.timedelta(days=position),
    dt.datetime: lambda position: dt.datetime(9876, 5, 4, position % 24, position // 24, 7, 89, tzinfo=dt.UTC),
}


class Compiled(Generic[Row]):
    """A query as a function of its values: `build(*values, **shape)` returns the queryset, and calling this its rows.

    `values` are integers, strings, dates or datetimes that the statement gets as they are, whatever its lookups are;
    for each number and each type of them, and for each `shape`, the statement is compiled once. Whatever changes the
    statement is a part of its shape: a limit, an order, a condition that may be missing. Rows are models, with
    `select_related` and `only`, or the tuples of `values_list`; nothing is prefetched.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]):
        self.build = build
        self._model: type[Model] | None = None
        self._statements: dict[Hashable, _Statement] = {}

    def __call__(self, *values: Any, **shape: Hashable) -> list[Row]:
        """Return the rows; none for a number that no column holds, as an address may have it.

        Raises TypeError for a value that does not reach the database as it is.
        """
        statement = self._statement(values, shape)
        return cast(list[Row], list(statement.rows(values))) if statement else []

    def unmade(self, *values: Any, **shape: Hashable) -> list[Row]:
        """Return the rows of a query for models, each as an `Unmade` that stands for its model."""
        statement = self._statement(values, shape)
        return cast(list[Row], [Unmade(statement, row) for row in statement.fetched(values)]) if statement else []

    def given(self, *values: Any, **shape: Hashable) -> list[tuple[Any, ...]]:
        """Return the rows of `values_list` as the database gives them: on SQLite, times have no zone."""
        statement = self._statement(values, shape)
        return statement.fetched(values) if statement else []

    def first(self, *values: Any, **shape: Hashable) -> Row | None:
        """Return the first row, or None. The query should be limited to one."""
        return next(iter(self(*values, **shape)), None)

    def many(self, values: Sequence[Any]) -> list[Row]:
        """Return the rows for any number of values; where they are more than FEW, the statement is not kept."""
        if not values:
            return []
        return self(*values) if len(values) <= FEW else list(self.build(*values))

    def _statement(self, values: Values, shape: dict[str, Hashable]) -> _Statement | None:
        """Return the statement for these values; None where one of them is a number that no column holds."""
        if any(isinstance(value, int) and not -LARGEST_ID <= value <= LARGEST_ID for value in values):
            return None
        alias = router.db_for_read(self._model) if self._model else ""
        types = tuple(map(type, values))
        return self._statements.get((alias, types, *shape.items())) or self._compile(types, shape)

    def _compile(self, types: tuple[type, ...], shape: dict[str, Hashable]) -> _Statement:
        queryset = self.build(*(MARKS[kind](position) for position, kind in enumerate(types)), **shape)
        statement = _Statement(queryset, types)
        self._model = queryset.model
        if len(self._statements) < MOST:
            self._statements[(queryset.db, types, *shape.items())] = statement
        return statement


class Unmade:
    """A row as the database has given it, that becomes a model once it is asked for what only that can say.

    For lists that keep their rows as JSON under all `values`: of twenty usually one is not known, and only that one
    is made. Doing it for all of them took a sixth of a list of articles.
    """

    __slots__ = ("_model", "_statement", "values")

    def __init__(self, statement: _Statement, values: tuple[Any, ...]) -> None:
        self._statement, self.values = statement, values
        self._model: Model | None = None

    def __getattr__(self, name: str) -> Any:
        statement, place = self._statement, self._statement.columns.get(name)
        if place is not None:
            value = self.values[place]
            return statement.converted(value, place) if statement.converts(value, place) else value
        if self._model is None:
            self._model = next(self._statement.finished([self.values]))
        return getattr(self._model, name)


class OnlyRow(Compiled[Any]):
    """The row of a model that has only one: settings of the site, which nearly every request reads."""

    def __call__(self, *values: Any, **shape: Hashable) -> list[Any]:
        statement = self._statement((), shape)
        if statement is None:
            return []
        found = unchanged_rows.read(connections[statement.db], statement, lambda: statement.fetched(()))
        return list(statement.finished(found))


only_row = OnlyRow(lambda *, model: model._default_manager.filter(pk=1)[:1])


def _for_all_values(sql: str, params: list[Param], connection: Any) -> tuple[str, list[Param]]:
    """Write a statement so that the database may plan it once for all values.

    The constants of a query come into its text. PostgreSQL uses an index of some rows alone (`status = 'approved'`)
    only where the text itself says that it asks for these. SQLite looks at the values where a plan may depend on them,
    and then plans anew at each execution: 0.06 of 0.07 ms for an article with its settings. How many rows are wanted
    leaves the text on PostgreSQL: see `_PLACES`.
    """
    if connection.vendor != "postgresql":
        return _with_literals(sql, params)
    each, left = iter(params), list[Param]()

    def text(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return "%%"
        if mark[0] != "%s":
            wanted = mark[0].removeprefix("LIMIT ")
            left.append(next(each) if wanted == "%s" else (None, int(wanted)))
            return "LIMIT %s"
        at, constant = next(each)
        if at is None:
            return str(connection.ops.compose_sql("%s", [constant])).replace("%", "%%")
        left.append((at, constant))
        return "%s"

    has_values = any(at is not None for at, _ in params)
    return (_PLACES if has_values else _MARKS).sub(text, sql), left


def _with_literals(sql: str, params: list[Param]) -> tuple[str, list[Param]]:
    """Return a statement for SQLite with its constants in its text, but for those of a type that is rare."""
    each, left = iter(params), list[Param]()

    def text(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return "%%"
        at, constant = next(each)
        if at is None and type(constant) in {int, bool}:
            return str(int(constant))
        if at is None and isinstance(constant, str) and "\0" not in constant:
            return "'" + str.__str__(constant).replace("'", "''").replace("%", "%%") + "'"
        left.append((at, constant))
        return "%s"

    return _MARKS.sub(text, sql), left


def _faster(converters: Sequence[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Return what makes values of a column, with `_utc` in place of what the backend of SQLite does for each time.

    That asks the settings each time, which was a tenth of a REST list. PostgreSQL's driver does it by itself.
    """
    return [_utc if getattr(each, "__name__", "") == "convert_datetimefield_value" else each for each in converters]


def _utc(value: Any, expression: Any, connection: Any) -> Any:
    if value is None:
        return None
    if type(value) is dt.datetime and value.tzinfo is None and connection.timezone is dt.UTC:
        return value.replace(tzinfo=dt.UTC)
    return connection.ops.convert_datetimefield_value(value, expression, connection)


def adapted(value: Any, alias: str) -> Any:
    """Return a value as the ORM would hand it to the database."""
    if isinstance(value, dt.datetime):
        return connections[alias].ops.adapt_datetimefield_value(value)
    return connections[alias].ops.adapt_datefield_value(value) if isinstance(value, dt.date) else value


def placed(params: Sequence[Any], types: tuple[type, ...], alias: str) -> list[Param]:
    """Return for each parameter of a statement the position of its value, or None and a constant of the query."""
    marks = {adapted(MARKS[kind](position), alias): position for position, kind in enumerate(types)}
    found = [(marks.get(param), param) if isinstance(param, Hashable) else (None, param) for param in params]
    if missing := set(marks.values()) - {position for position, _ in found}:
        raise TypeError(f"The query changes these values before it sends them: {sorted(missing)}")
    return found


class _Statement:
    """The SQL of one queryset, where each value goes into it, and how its rows become models or tuples."""

    def __init__(self, queryset: Any, types: tuple[type, ...]):
        if queryset._prefetch_related_lookups:
            raise TypeError("A compiled query prefetches nothing.")
        self.db: str = queryset.db
        compiler = queryset.query.get_compiler(using=self.db)
        sql, params = compiler.as_sql()
        self.sql, self.params = _for_all_values(sql, placed(params, types, self.db), connections[self.db])
        self.is_planned_once = not _BY_VALUES.search(self.sql)
        self.compiler = compiler
        converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
        self.converters = {place: (_faster(each), column) for place, (each, column) in converters.items()}
        self.columns: dict[str, int] = {}  # places of the model's own columns and of annotations, by name
        self.own: set[int] = set()  # of them, those that a field itself converts
        self.finish = self._models() if queryset._iterable_class is ModelIterable else None
        if self.finish is None and queryset._iterable_class is not ValuesListIterable:
            raise TypeError("A compiled query returns models or tuples.")

    def rows(self, values: Values) -> Iterator[Any]:
        return self.finished(self.fetched(values))

    def fetched(self, values: Values) -> list[tuple[Any, ...]]:
        params: list[Any] = [constant if at is None else adapted(values[at], self.db) for at, constant in self.params]
        return run(connections[self.db], self.sql, params, planned_once=self.is_planned_once).rows

    def converts(self, value: Any, place: int) -> bool:
        """Say whether the model may have another value than the database has given at this place.

        The backends' own converters leave None and booleans alone; a field's own may not.
        """
        return place in self.converters and (place in self.own or not (value is None or type(value) is bool))

    def converted(self, value: Any, place: int) -> Any:
        """Return what the database has given at this place of a row as the model has it."""
        converters, column = self.converters[place]
        for convert in converters:
            value = convert(value, column, connections[self.db])
        return value

    def finished(self, found: Any) -> Iterator[Any]:
        """Return the models or tuples of rows that the database has given."""
        if self.converters:
            found = map(tuple, self.compiler.apply_converters(found, self.converters))
        return map(self.finish, found) if self.finish else iter(found)

    def _models(self) -> Callable[[Values], Model]:
        """As `ModelIterable` does it."""
        compiler, db = self.compiler, self.db
        model, fields = compiler.klass_info["model"], compiler.klass_info["select_fields"]
        first, last = fields[0], fields[-1] + 1
        names = [column[0].target.attname for column in compiler.select[first:last]]
        made = _maker(model, names, db)
        self.columns = {name: place for place, name in enumerate(names, first)}
        self.own = {
            place for place in self.columns.values() if hasattr(compiler.select[place][0].target, "from_db_value")
        }
        if (key := model._meta.pk.attname) in self.columns:
            self.columns["pk"] = self.columns[key]
        populators = get_related_populators(compiler.klass_info, compiler.select, db)  # type: ignore[call-arg]
        for populator in _all(populators):
            populator.model_cls = _Made(_maker(populator.model_cls, populator.init_list, db))
        annotations = compiler.annotation_col_map or {}
        self.columns |= annotations

        def finish(row: Values) -> Model:
            found = made(row[first:last])
            for populator in populators:
                populator.populate(row, found)
            for name, column in annotations.items():
                setattr(found, name, row[column])
            return found

        return finish


def _all(populators: Iterable[Any]) -> Iterator[Any]:
    for populator in populators:
        yield populator
        yield from _all(populator.related_populators)


class _Made:
    """Stands in a populator for the model whose rows it makes."""

    def __init__(self, made: Callable[[Values], Model]):
        self.made = made

    def from_db(self, db: str, names: Sequence[str], row: Values) -> Model:
        return self.made(row)


def _maker(model: type[Model], names: Sequence[str], db: str) -> Callable[[Values], Model]:
    """Return what makes a model of the values of these columns, as `Model.from_db` does.

    It sets them all at once, where nobody takes part in that: in a fifth of the time.
    """
    plain = model.__init__ is Model.__init__ and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
    if not plain or pre_init.has_listeners(model) or post_init.has_listeners(model):
        return lambda row: model.from_db(db, names, row)

    def made(row: Values) -> Model:
        found = model.__new__(model)
        state = ModelState()
        state.adding, state.db = False, db
        vars(found).update(zip(("_state", *names), (state, *row), strict=True))
        return found

    return made


def give(found: Model, **relations: Sequence[Model]) -> None:
    """Give a model the rows that a prefetch of these relations would have read; its `all()` then returns them.

    They cannot be narrowed: `filter` and the like raise TypeError.
    """
    given = vars(found).setdefault("_prefetched_objects_cache", {})
    for name, rows in relations.items():
        given[name] = queryset = QuerySet.__new__(QuerySet)
        vars(queryset).update(vars(_no_further(type(found), name)), _result_cache=list(rows), _prefetch_done=True)


@cache
def _no_further(model: type[Model], relation: str) -> QuerySet[Any, Any]:
    """Return a queryset that can be narrowed no further, since it is a slice. To make one takes 0.03 ms."""
    related: Any = model._meta.get_field(relation).related_model
    return QuerySet(related)[:1]
