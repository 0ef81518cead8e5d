"""What Django's admin lists and deletes, for people: many choices as one select; no rows that only connect others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import capfirst


class AsSelect(admin.ListFilter):
    """A mixin for a list's filter: its choices are a select with a button, so that forty of them take one line."""

    template = "admin/filter_select.html"
    parameter_name: Any = None  # of a filter of Django's own for any field: the field's

    def __init__(self, *args: Any, **kwargs: Any):
        for params in (each for each in args if isinstance(each, dict)):
            for name in [name for name, values in params.items() if values == [""] and name in self._asked(args)]:
                del params[name]  # The choice of all, as a form without script sends it.
        super().__init__(*args, **kwargs)

    def _asked(self, args: Any) -> set[str]:
        return {self.parameter_name or getattr(args[0], "name", "")}

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield the filter's own, each with its `value`, and the `name` of the select and what else is `kept`."""
        every: Any = super()
        name = self.parameter_name or getattr(self, "lookup_kwarg", "")
        kept: list[tuple[str, str]] | None = None
        for choice in every.choices(changelist):
            query = parse_qsl(choice["query_string"].removeprefix("?"), keep_blank_values=True)
            kept = [pair for pair in query if pair[0] != name] if kept is None else kept
            yield {**choice, "name": name, "value": dict(query).get(name, ""), "kept": kept}


class SaysWhatGoes(admin.ModelAdmin):
    """A ModelAdmin whose pages for deleting name what goes. Rows that only connect two others are none of that."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        metas = [model._meta for model in apps.get_models(include_auto_created=True) if model._meta.auto_created]
        starts = tuple(f"{capfirst(str(meta.verbose_name))}: " for meta in metas)
        plurals = {str(meta.verbose_name_plural) for meta in metas}
        counts = {name: size for name, size in counts.items() if str(name) not in plurals}
        return _without(found, starts), counts, lacking, protected


def _without(rows: Any, starts: tuple[str, ...]) -> list[Any]:
    """Return nested lists without the lines that start so, and without lists that are empty then."""
    kept = [_without(row, starts) if isinstance(row, list) else row for row in rows]
    return [row for row in kept if row != [] and not (isinstance(row, str) and str(row).startswith(starts))]
