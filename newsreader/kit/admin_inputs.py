"""Keys and words as a browser sends them to the admin. What cannot be a key is one of no row, and never a failure.

Django asks the database for such values while it draws a form again or finds the rows of an action, and there a word
is a ValueError and a number of thirty digits an OverflowError. `newsreader.admin_site.Desk` gives `SoundLists` to every
admin, a library's as well; an inline takes `SoundChoices` itself.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.db import DataError, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

MOST_WORDS = 20  # that a list is searched for


def is_key(field: models.Field, value: Any) -> bool:
    """Say whether a column can hold this value: whether it is a number where numbers are, and not too large."""
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
    """One row. Drawn again, it leaves out what is no key; the error beside it says that it was wrong."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data if _fits(self, data) else None


class SoundChoiceOfMany(forms.ModelMultipleChoiceField):
    """Many rows, all of them keys before the database is asked for them."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return [key for key in data or [] if _fits(self, key)]

    def clean(self, value: Any) -> Any:
        for key in value if isinstance(value, list | tuple) else ():
            if not _fits(self, key):
                sentence = self.error_messages["invalid_pk_value"]
                raise ValidationError(sentence, code="invalid_pk_value", params={"pk": key})
        return super().clean(value)


class SoundChoices(admin.options.BaseModelAdmin):
    """Forms whose choices of rows bear any value."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **{"form_class": SoundChoice} | kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **{"form_class": SoundChoiceOfMany} | kwargs)


class SoundLists(SoundChoices, admin.ModelAdmin):
    """And a list whose actions, filters and search do."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Each word is a condition on every field, and databases bear no more than some hundred in each other."""
        return super().get_search_results(request, queryset, " ".join(search_term.split()[:MOST_WORDS]))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if ACTION_CHECKBOX_NAME in request.POST:
            sent = request.POST.copy()
            keys = [key for key in sent.getlist(ACTION_CHECKBOX_NAME) if is_key(self.opts.pk, key)]
            sent.setlist(ACTION_CHECKBOX_NAME, keys)
            request.POST = QueryDict(sent.urlencode(), encoding=sent.encoding)
        try:
            return super().changelist_view(request, extra_context)
        except (OverflowError, DataError):  # A filter with a number too large, answered as Django answers a wrong one.
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
