"""Forms of the admin whose fields stand in sentences: "Hold comments with [2] or more links".

A ModelAdmin that inherits from InSentences names the sentence of a field in SENTENCES, with `%(field)s` where the field
stands, so that a translation can move it. The whole sentence is the field's label. Fields without one look as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

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


class InSentences(admin.ModelAdmin):
    """A ModelAdmin whose form is made of sentences."""

    change_form_template = "admin/comments/sentence_form.html"
    sentences: Mapping[str, Any] = {}
    recommends = False  # whether the model's defaults are what is recommended

    def today(self) -> Mapping[str, str]:
        """Return what fields do today, in words, by their names."""
        return {}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and (sentence := self.sentences.get(db_field.name)):
            field.label = " ".join((str(sentence) % {"field": "…"}).split())  # What errors name.
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        today = self.today()
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
        if not self.recommends:
            return ""
        column: Any = self.opts.get_field(name)
        value = column.get_default()
        if isinstance(value, bool):
            return _("on") if value else _("off")
        return str(
            dict(column.flatchoices).get(
                value, number_format(value, force_grouping=True) if isinstance(value, int) else value
            )
        )
