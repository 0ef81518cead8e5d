"""The page where each of the newsroom chooses which mails they get about comments, and when."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import time_format
from django.utils.translation import gettext_lazy as _

from articles.models.taxonomy import Section
from comments.models import CommentSettings, When
from comments.notifications.choices import AUTHORS_WHEN, Choices, choose, chosen_by
from comments.notifications.pace import MORNING
from newsreader.accounts.identities import signed_in_user, verified_address
from newsreader.kit.errors import Invalid

HOURS = range(24)


def _hour(text: str) -> int | None:
    return int(text) if text else None


class MailChoicesForm(forms.Form):
    """The choices, without those that somebody is not asked."""

    when = forms.ChoiceField(label=_("Comments that wait for review"), choices=When.choices)
    sections = forms.ModelMultipleChoiceField(
        label=_("Only in these sections"),
        queryset=Section.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    published = forms.ChoiceField(
        label=_("Comments under my articles"), choices=[(each.value, each.label) for each in AUTHORS_WHEN]
    )
    quiet_from = forms.TypedChoiceField(
        label=_("Quiet hours, from"), coerce=_hour, empty_value=None, required=False, choices=()
    )
    quiet_until = forms.TypedChoiceField(
        label=_("Quiet hours, until"), coerce=_hour, empty_value=None, required=False, choices=()
    )

    def __init__(self, asked: Choices, data: Any = None):
        super().__init__(data, initial=vars(asked) | {"sections": list(asked.sections)})
        hours = [("", "–"), *((hour, time_format(dt.time(hour))) for hour in HOURS)]
        for name in ("quiet_from", "quiet_until"):
            self.fields[name].choices = hours  # type: ignore[attr-defined]
        if asked.when is None:
            del self.fields["when"], self.fields["sections"]
        if asked.published is None:
            del self.fields["published"]


def mail_choices(request: HttpRequest) -> HttpResponse:
    """Show what somebody has chosen (GET), or store it (POST). For everybody of the newsroom."""
    user = signed_in_user(request)
    asked = chosen_by(user)
    form = MailChoicesForm(asked, request.POST if request.method == "POST" else None)
    if request.method == "POST" and asked.is_asked and form.is_valid():
        try:
            choose(user, **form.cleaned_data)
        except Invalid as refusal:
            for error in refusal.errors:
                form.add_error(error.field if error.field in form.fields else None, str(error.sentence))
        else:
            messages.success(request, _("Your choices are saved."))
            return HttpResponseRedirect(reverse("admin:moderation-mails"))
    context = {
        **admin.site.each_context(request),
        "title": _("My emails"),
        "is_nav_sidebar_enabled": False,
        "form": form,
        "asked": asked,
        "address": verified_address(user),
        "rules": CommentSettings.objects.current(),
        "morning": time_format(dt.time(MORNING)),
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/comments/mails.html", context, status=422 if form.errors else 200)
