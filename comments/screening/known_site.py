"""What the checks need to know of the whole site, read by one statement: settings, filter entries, reserved names.

Each comes as a text that changes when it does, and what was made of that text is kept in the process.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

from django.db.models import Model, QuerySet

from comments.models import CommentSettings
from comments.screening import compiled_entries, names
from comments.screening.compiled_entries import CompiledEntries
from comments.screening.names import Reserved
from newsreader.kit.rows_as_json import columns_of, row_in

Row = TypeVar("Row", bound=Model)


class KnownSite(NamedTuple):
    """`rules` are not to be changed: whoever posts gets the same."""

    rules: CommentSettings
    entries: CompiledEntries
    reserved: Reserved


def with_site(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Have a statement also read what `under` needs."""
    rules = columns_of(CommentSettings.objects.filter(pk=1))
    found: Any = rows.annotate(site_rules=rules, site_names=names.as_text())
    return compiled_entries.with_state(cast(QuerySet[Row], found))


def under(row: Any) -> KnownSite:
    """Return what is known as of when this row was read `with_site`. No query, but after a change of the entries."""
    rules = _rules(row.site_rules) or CommentSettings.objects.current()  # A new site has none.
    return KnownSite(rules, compiled_entries.under(row), names.read(row.site_names))


@lru_cache(maxsize=1)
def _rules(text: str) -> CommentSettings | None:
    return row_in(text, CommentSettings)
