"""The admin's forms never overwrite in silence what a colleague has saved while somebody was typing.

A form holds a keyed hash of the values with which it was opened. Where others are stored by the time it is sent,
nothing is saved: the form comes back with everything typed and, beside it, what is stored now. Sent once more, it
replaces that knowingly. `newsreader.admin_site.NewsroomSite` adds `KeepsNewer` to every ModelAdmin.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.forms.models import _get_foreign_key
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from newsreader.kit.admin_inputs import is_key
from newsreader.kit.hashes import keyed
from newsreader.kit.numbers import read_id

OPENED = "_opened"  # the form's field with the hash
MOST_ROWS = 1000  # of a table; a form of more fields is refused before
CODE = "version_conflict"
SENTENCE = _("Somebody has changed this since you opened it, so nothing was saved.")


class Newer(NamedTuple):
    """A field for which something else is stored now than what was typed."""

    name: str
    label: str
    stored: str


class StaleForm(forms.ModelForm):
    """A form that was opened with other values than those that are stored now. `stored_now` is the hash of these.

    `tables_changed`: the rows of a table under it are others. Else what was typed may be what is stored by now, as
    after a second click on the button; then there is nothing to overwrite.
    """

    stored_now, tables_changed = "", False

    def clean(self) -> Any:
        cleaned = super().clean()
        if self.tables_changed or self.overwriting:
            self.add_error(None, ValidationError(SENTENCE, code=CODE))
        return cleaned

    @property
    def overwriting(self) -> list[str]:
        """The names of the fields in which something else was typed than is stored now."""
        return [name for name in self.changed_data if self._typed(name) != _plain(self._stored(name))]

    def _typed(self, name: str) -> str | None:
        return _plain(self.cleaned_data[name]) if name in self.cleaned_data else None

    def _stored(self, name: str) -> Any:
        return self.get_initial_for_field(self.fields[name], name)


class KeepsNewer(admin.ModelAdmin):
    """A ModelAdmin whose form refuses to overwrite newer values, once, and shows both."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        if request.method == "POST" and connection.in_atomic_block and is_key(self.opts.pk, object_id):
            # Locked, so that nobody saves between our look at it and our own saving.
            rows = self.model._base_manager.select_for_update().filter(pk=object_id)
            list(rows.values_list("pk"))
        return super().get_object(request, object_id, from_field)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        opened = request.POST.get(OPENED)
        if obj is None or not opened or kwargs.get("fields") is None:
            return made
        stored_now = self._hash(request, obj, made(instance=obj))
        if opened == stored_now:
            return made
        tables_changed = opened.partition(".")[2] != stored_now.partition(".")[2]
        stale = {"stored_now": stored_now, "tables_changed": tables_changed}
        return type(made.__name__, (StaleForm, made), stale)

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """Take a row that a colleague has deleted meanwhile for a new one: else it could not be saved again."""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if "data" in kwargs and obj.pk:
            kwargs["data"] = _with_gone_rows_as_new(kwargs["data"], prefix, inline.model)
        return kwargs

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if change and obj is not None and "adminform" in context:
            form = context["adminform"].form
            if isinstance(form, StaleForm):
                context |= {"opened": form.stored_now, "newer": list(self._newer(request, obj, form, context))}
            elif form.is_bound:
                context["opened"] = request.POST.get(OPENED, "")
            else:
                context["opened"] = self._hash(request, obj, form)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _hash(self, request: HttpRequest, obj: Any, form: forms.BaseForm) -> str:
        """Return keyed hashes, joined by a dot: of what the fields of an unbound form hold, and the tables under it."""
        values = [
            f"{name}={_plain(form.get_initial_for_field(field, name))}"
            for name, field in sorted(form.fields.items())
            if name in form.initial or not callable(field.initial)
        ]
        tables = self._tables(request, obj).values()
        rows = [f"{row.pk}: {[_plain(value) for value in _columns(row)]}" for rows in tables for row in rows]
        return f"{keyed('form of the admin', *values)[:32]}.{keyed('tables of the admin', *rows)[:32]}"

    def _tables(self, request: HttpRequest, obj: Any) -> dict[type[models.Model], list[Any]]:
        """Return the stored rows of the tables under the form."""
        return {inline.model: list(self._rows(inline, obj)) for inline in self.get_inline_instances(request, obj)}

    def _rows(self, inline: Any, obj: Any) -> models.QuerySet:
        key = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name)
        return inline.model._default_manager.filter(**{key.name: obj.pk}).order_by("pk")

    def _newer(self, request: HttpRequest, obj: Any, form: Any, context: dict[str, Any]) -> Iterator[Newer]:
        for name in form.overwriting:
            field = form.fields[name]
            stored = form.get_initial_for_field(field, name)
            yield Newer(name, capfirst(str(field.label or name)), _shown(field, stored))
        tables = self._tables(request, obj)
        for inline in context.get("inline_admin_formsets", ()):
            if inline.formset.has_changed():
                rows = tables.get(inline.opts.model, [])
                yield Newer(inline.formset.prefix, capfirst(inline.opts.verbose_name_plural), "\n".join(map(str, rows)))


def _with_gone_rows_as_new(data: QueryDict, prefix: str, model: type[models.Model]) -> QueryDict:
    """Return the fields of a form in which the rows of one table that are not stored any more come as new ones.

    A row that is stored elsewhere stays what it is: the form refuses it.
    """
    key = model._meta.pk.name
    numbers = [read_id(data.get(f"{prefix}-{name}_FORMS", "")) for name in ("INITIAL", "TOTAL")]
    initial, total = (min(number or 0, MOST_ROWS) for number in numbers)
    named = [data.get(f"{prefix}-{at}-{key}", "") for at in range(initial)]
    sound = [name for name in named if is_key(model._meta.pk, name)]
    stored = {str(pk) for pk in model._default_manager.filter(pk__in=sound).values_list("pk", flat=True)}
    gone = [at for at, name in enumerate(named) if name not in stored]
    if not gone:
        return data
    kept = [at for at in range(initial) if at not in gone]
    new = [at for at in gone if not data.get(f"{prefix}-{at}-DELETE")]
    order = [*kept, *new, *range(initial, total)]
    row = re.compile(rf"{re.escape(prefix)}-([0-9]+)-(.+)")
    made = QueryDict(mutable=True)
    for name, values in data.lists():
        found = row.fullmatch(name)
        if found is None:
            made.setlist(name, values)
        elif (at := int(found[1])) in order:
            values = [""] if at in new and found[2] == key else values
            made.setlist(f"{prefix}-{order.index(at)}-{found[2]}", values)
    made[f"{prefix}-INITIAL_FORMS"], made[f"{prefix}-TOTAL_FORMS"] = str(len(kept)), str(len(order))
    return made


def _columns(row: models.Model) -> list[Any]:
    return [getattr(row, field.attname) for field in row._meta.concrete_fields]


def _plain(value: Any) -> str:
    """Return a value so that it is the same text whenever it is read from the database."""
    if isinstance(value, dt.datetime) and value.tzinfo:
        return value.astimezone(dt.UTC).isoformat()
    value = getattr(value, "pk", value)
    if isinstance(value, list | tuple | models.QuerySet):
        return str(sorted(str(getattr(one, "pk", one)) for one in value))
    return repr(value) if value is None or isinstance(value, bool | int | str) else str(value)


def _shown(field: Any, value: Any) -> str:
    """Return a stored value as people read it."""
    if isinstance(field, forms.ModelChoiceField):
        keys = [getattr(one, "pk", one) for one in (value if isinstance(value, list | tuple) else [value]) if one]
        rows = () if field.queryset is None else field.queryset.filter(pk__in=keys)
        return ", ".join(field.label_from_instance(row) for row in rows)
    if isinstance(value, dt.datetime) and value.tzinfo:
        return str(localize(localtime(value)))
    if choices := dict(getattr(field, "choices", ())):
        return str(choices.get(value, value))
    return "" if value is None else str(localize(value))
