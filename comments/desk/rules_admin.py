"""The page of rules of which there is one row, such as the comment settings: sentences, and each change on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse

from articles.newsroom.site_admin import Singleton
from comments.audit import audit_log
from comments.desk.sentence_forms import InSentences
from newsreader.accounts.identities import signed_in_user


class RulesAdmin(InSentences, Singleton):
    """A ModelAdmin for one row of rules. Each names its heading, its sentences, and what it is in the audit log."""

    recommends = True
    heading: Any = ""
    hints: Mapping[str, Any] = {}  # below the sentence of a field
    subject = ""  # of the audit entry

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: object
    ) -> type[forms.ModelForm]:
        return super().get_form(request, obj, change=change, help_texts=self.hints, **kwargs)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        named = {"title": self.heading, "subtitle": None} | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, named)

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changed = {name: {"from": form.initial[name], "to": form.cleaned_data[name]} for name in form.changed_data}
        if changed:
            audit_log.note("rules_changed", self.subject, by=signed_in_user(request), facts=changed)
