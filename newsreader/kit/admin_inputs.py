"""Keys, times and search words as a browser sends them to the admin. A malformed key matches no row, and never fails.

Django passes such values to the database when it shows a form again or looks for the rows of an action. There, a word
raises ValueError and a number of thirty digits OverflowError. `newsreader.admin_site.NewsroomSite` adds `SoundLists` to
every ModelAdmin, also to those of libraries; an inline inherits `SoundChoices` itself.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DataError, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.text import capfirst

from newsreader.kit.text import is_unseen
from newsreader.kit.times import TwoInputs

MOST_WORDS = 20  # of one search


def is_key(field: models.Field, value: Any) -> bool:
    """Say whether a column can hold this value: a number, for instance, that is not too large."""
    try:
        field.clean(value, None)
    except ValidationError:
        return False
    return True


def _fits(choice: forms.ModelChoiceField, value: Any) -> bool:
    if choice.queryset is None:
        return value in (None, "")
    options = choice.queryset.model._meta
    name = choice.to_field_name or "pk"
    return value in (None, "") or is_key(options.pk if name == "pk" else options.get_field(name), value)


class SoundChoice(forms.ModelChoiceField):
    """A choice of one row. Shown again, it drops a malformed key; the error beside it says that it was wrong."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data if _fits(self, data) else None


class SoundChoiceOfMany(forms.ModelMultipleChoiceField):
    """A choice of many rows. Malformed keys are refused before the database is asked."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return [key for key in data or [] if _fits(self, key)]

    def clean(self, value: Any) -> Any:
        for key in value if isinstance(value, list | tuple) else ():
            if not _fits(self, key):
                sentence = self.error_messages["invalid_pk_value"]
                raise ValidationError(sentence, code="invalid_pk_value", params={"pk": key})
        return super().clean(value)


def _visible(text: str) -> None:
    if is_unseen(text):
        raise ValidationError(forms.Field.default_error_messages["required"], code="required")


class SoundChoices(admin.options.BaseModelAdmin):
    """Forms whose choices of rows accept any value. Times follow our rule, and required texts can be seen."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.DateTimeField):
            kwargs = {"form_class": TwoInputs} | kwargs
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.CharField) and field.required:
            field.validators.append(_visible)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **{"form_class": SoundChoice} | kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **{"form_class": SoundChoiceOfMany} | kwargs)


class SoundLists(SoundChoices, admin.ModelAdmin):
    """The same, and a list whose actions, filters and search accept any value. Its title is what is listed."""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out what the address of an empty form fills in and its column cannot hold."""
        given = super().get_changeform_initial_data(request)
        return {name: value for name, value in given.items() if self._can_begin_with(name, value)}

    def _can_begin_with(self, name: str, value: Any) -> bool:
        try:
            column = self.opts.get_field(name)
        except FieldDoesNotExist:
            return True
        if isinstance(column, models.ManyToManyField):
            return all(is_key(column.related_model._meta.pk, key) for key in value)
        if isinstance(column, models.ForeignKey):
            return is_key(column.target_field, value)
        return not isinstance(column, models.DateField) or isinstance(value, dt.date)  # No link of ours gives a time.

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Search for the first words only: each adds nested conditions, and databases limit their depth."""
        return super().get_search_results(request, queryset, " ".join(search_term.split()[:MOST_WORDS]))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if ACTION_CHECKBOX_NAME in request.POST:
            sent = request.POST.copy()
            keys = [key for key in sent.getlist(ACTION_CHECKBOX_NAME) if is_key(self.opts.pk, key)]
            sent.setlist(ACTION_CHECKBOX_NAME, keys)
            request.POST = QueryDict(sent.urlencode(), encoding=sent.encoding)
        titled = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        try:
            return super().changelist_view(request, titled)
        except (
            OverflowError,
            DataError,
        ):  # A filter with too large a number gets the answer that Django gives to a wrong one.
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
