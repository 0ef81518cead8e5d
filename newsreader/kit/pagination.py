"""Pages of a REST list by cursor: twenty results unless `limit` asks for more or fewer, at most 100."""

from __future__ import annotations

import datetime as dt
import json
from base64 import b64decode, urlsafe_b64encode
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q
from rest_framework.exceptions import ParseError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.urls import remove_query_param, replace_query_param

if TYPE_CHECKING:
    from rest_framework.views import APIView


# So many rows are read for a first page, and more than it shows left out: there is a statement for each of these, and
# a connection keeps some hundred (`postgresql.direct`), not one for each `limit` that somebody thinks of.
SIZES = (2, 6, 11, 21, 51, 101)


class Column(NamedTuple):
    """One column of a list's order."""

    name: str
    field: Field
    descending: bool

    def ordered(self, backwards: bool) -> str:
        return f"-{self.name}" if self.descending != backwards else self.name


class Cursor(BasePagination):
    """Pagination by opaque cursors, twenty results a page, without a count. `limit` asks for 1 to 100.

    A view gives its order as `cursor_ordering`: columns of its model that are unique together, hold integers, text or
    times, and are never NULL; `-` for descending. A cursor holds the values of all of them in one row, and the
    direction: `[0, …]` forwards, `[1, …]` backwards, and `[1]` backwards from the end. So every page costs the same,
    and rows with equal first columns are neither skipped nor shown twice. A view whose first page is asked for often
    may read it faster, as `first_rows(how_many)`, which may be more than the page shows.
    """

    cursor_query_param = "cursor"
    page_size_query_param = "limit"
    max_page_size = 100
    ordering: tuple[str, ...] = ("-pk",)

    _next: str | None = None
    _previous: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        size = self.get_page_size(request)
        columns = _columns(queryset.model, getattr(view, "cursor_ordering", self.ordering))
        backwards, position = _decoded(request.query_params.get(self.cursor_query_param), columns)
        many = size + 1  # One more than shown, to see whether there are more.
        first_rows = getattr(view, "first_rows", None)
        if position or backwards or first_rows is None:
            found = queryset.order_by(*(column.ordered(backwards) for column in columns))
            rows = list((found.filter(_beyond(columns, position, backwards)) if position else found)[:many])
        else:
            rows = first_rows(next(size for size in SIZES if size >= many))
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        # A position was taken from a row on its other side, so that row exists.
        earlier, later = (more, bool(position)) if backwards else (bool(position), more)
        if later:
            self._next = self._link(request, _encoded(0, columns, rows[-1]) if rows else None)
        if earlier:
            self._previous = self._link(request, _encoded(1, columns, rows[0] if rows else None))
        return rows

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return api_settings.PAGE_SIZE or 20
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= self.max_page_size):
            raise ParseError(f"limit must be a number from 1 to {self.max_page_size}.", code="invalid_limit")
        return int(text)

    def _link(self, request: Request, cursor: str | None) -> str:
        here = f"{settings.SITE_URL}{request.get_full_path()}"  # Never from the Host header, which a visitor can set.
        if cursor is None:
            return remove_query_param(here, self.cursor_query_param)
        return replace_query_param(here, self.cursor_query_param, cursor)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(self.contents(data))

    def contents(self, data: Any) -> dict[str, Any]:
        """Return what is answered with these rows."""
        return {"next": self._next, "previous": self._previous, "results": data}

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
        return [
            {
                "name": self.cursor_query_param,
                "required": False,
                "in": "query",
                "description": "Where to continue: take it from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": self.page_size_query_param,
                "required": False,
                "in": "query",
                "description": "How many results to return.",
                "schema": limit,
            },
        ]


@cache
def _columns(model: type[Model], ordering: tuple[str, ...]) -> list[Column]:
    columns = []
    for order in ordering:
        name = order.removeprefix("-")
        field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
        columns.append(Column(name, field, order.startswith("-")))
    return columns


def _beyond(columns: list[Column], position: list[Any], backwards: bool) -> Q:
    """Return the condition for rows after a position: a later first column, or the same and a later second, and so on.

    In the form `a >= x and (a > x or …)`, for which a database reads a range of an index.
    """
    beyond = Q()
    for column, value in reversed(list(zip(columns, position, strict=True))):
        side = "lt" if column.descending != backwards else "gt"
        further = Q((f"{column.name}__{side}", value))
        beyond = Q((f"{column.name}__{side}e", value)) & (further | beyond) if beyond else further
    return beyond


def _encoded(backwards: int, columns: list[Column], row: Any) -> str:
    values = [] if row is None else [_plain(getattr(row, column.field.attname)) for column in columns]
    return urlsafe_b64encode(json.dumps([backwards, *values]).encode()).decode().rstrip("=")


def _decoded(cursor: str | None, columns: list[Column]) -> tuple[bool, list[Any]]:
    """Return whether to read backwards, and from which position; empty: from the end. Raises ParseError."""
    if cursor is None:
        return False, []
    try:
        coded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        backwards, *values = json.loads(b64decode(coded, altchars=b"-_", validate=True).decode())
        if backwards not in (0, 1) or len(values) not in {0, len(columns)}:
            raise ValueError
        return bool(backwards), [_stored(column.field, value) for column, value in zip(columns, values, strict=False)]
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
        raise ParseError("This cursor is invalid. Take it from `next` or `previous`.", code="invalid_cursor") from None


def _plain(value: Any) -> Any:
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value


def _stored(field: Field, value: Any) -> Any:
    """Return a cursor's value as its column holds it. Raises various errors for what no row could hold."""
    found = field.to_python(value)
    if found is None or type(value) not in {int, str} or _plain(found) != value:
        raise ValueError
    if b"\0" in str(value).encode():  # A lone surrogate cannot be encoded; PostgreSQL can store neither.
        raise ValueError
    field.run_validators(found)
    return found
