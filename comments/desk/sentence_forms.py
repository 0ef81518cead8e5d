"""Forms of the admin whose fields stand in sentences: "Hold comments with [2] or more links".

A ModelAdmin that inherits from InSentences names the sentence of a field in SENTENCES, with `%(field)s` where the field
stands, so that a translation can move it. The whole sentence is the field's label; of a date and a time, which are two
inputs, it names the group. Fields without one look as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import ForeignKeyRawIdWidget, RelatedFieldWidgetWrapper
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from articles.newsroom.article_form import DateAndTime, name_halves

PLACE = "%(field)s"


@dataclass(frozen=True)
class Line:
    """A field in its sentence, which is empty where it has none; `field` is the one that the admin's templates show."""

    field: Any
    before: str = ""
    after: str = ""
    recommended: str = ""
    today: str = ""

    @property
    def is_sentence(self) -> bool:
        return bool(self.before or self.after)

    @property
    def is_group(self) -> bool:
        """Whether it holds several inputs, which one label cannot name."""
        return isinstance(self._widget, forms.MultiWidget)

    @property
    def is_block(self) -> bool:
        """Whether it holds more than an input: links beside a choice, several lines. A label can hold neither."""
        return self.is_group or isinstance(
            self._widget, RelatedFieldWidgetWrapper | ForeignKeyRawIdWidget | forms.Textarea
        )

    @property
    def _widget(self) -> Any:
        return None if self.field.is_readonly else self.field.field.field.widget


class InSentences(admin.ModelAdmin):
    """A ModelAdmin whose form is made of sentences."""

    change_form_template = "admin/comments/sentence_form.html"
    sentences: Mapping[str, Any] = {}
    recommends = False  # whether the model's defaults are what is recommended
    recommended: Mapping[str, Any] = {}  # what is recommended for single fields, in words

    def today(self, row: Any) -> Mapping[str, str]:
        """Return what fields of a row do today, in words, by their names. `row` is None where it is new."""
        return {}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if isinstance(db_field, models.DateTimeField):
            kwargs["widget"] = DateAndTime()
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and (sentence := self.sentences.get(db_field.name)):
            field.label = " ".join((str(sentence) % {"field": "…"}).split())  # What errors name.
        if field and isinstance(field.widget, DateAndTime):
            name_halves(field)
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        today = self.today(context.get("original"))
        context["sentences"] = [(fieldset, list(self._lines(fieldset, today))) for fieldset in context["adminform"]]
        return super().render_change_form(request, context, *args, **kwargs)

    def _lines(self, fieldset: Any, today: Mapping[str, str]) -> Iterator[Line]:
        for line in fieldset:
            for field in line:
                name = field.field["name"] if field.is_readonly else field.field.name
                sentence = self.sentences.get(name)
                if not sentence:
                    yield Line(field)
                    continue
                before, _place, after = str(sentence).partition(PLACE)
                yield Line(field, before, after, self._recommended(name), today.get(name, ""))

    def _recommended(self, name: str) -> str:
        if name in self.recommended or not self.recommends:
            return str(self.recommended.get(name, ""))
        column: Any = self.opts.get_field(name)
        value = column.get_default()
        if isinstance(value, bool):
            return _("on") if value else _("off")
        return str(
            dict(column.flatchoices).get(
                value, number_format(value, force_grouping=True) if isinstance(value, int) else value
            )
        )
