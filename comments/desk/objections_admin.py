"""Refusal reasons, readers' reports and authors' appeals in the admin.

Reports and appeals can only be viewed here; they are decided on the moderation desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from articles import page_versions
from comments.audit import audit_log
from comments.audit.reason_codes import is_reserved
from comments.desk import sentences
from comments.desk.sentence_forms import InSentences
from comments.desk.stats import given_today
from comments.models import Appeal, Comment, RefusalReason, Report
from comments.models.permissions import may_moderate
from newsreader.accounts.identities import signed_in_user


class ReasonForm(forms.ModelForm):
    """A refusal reason. Its code cannot be changed later, since decisions store it."""

    class Meta:
        model = RefusalReason
        fields = ["code", "label", "sentence", "position", "is_active"]
        widgets = {"sentence": forms.Textarea(attrs={"rows": 3})}

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if is_reserved(code):
            raise ValidationError(_("This code is reserved for the site."), code="reserved")
        return code


@admin.register(RefusalReason)
class RefusalReasonAdmin(InSentences):
    """Refusal reasons that moderators choose from. Decisions name them, so none is deleted, only no longer offered."""

    empty = _("No reasons yet. Moderators need one to move a comment to the trash.")
    sentences = {
        "code": _("Its code is %(field)s and never changes"),
        "label": _("Moderators choose %(field)s"),
        "sentence": _("The author reads %(field)s"),
        "position": _("List it at position %(field)s"),
        "is_active": _("Offer it to moderators"),
    }

    form = ReasonForm
    list_display = ["label", "code", "sentence", "position", "is_active"]
    list_filter = ["is_active"]

    recommended = {"is_active": _("on")}

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return ["code"] if obj else []

    def today(self, row: RefusalReason | None) -> Mapping[str, str]:
        """Return how often people have given the reason since midnight."""
        if row is None:
            return {}
        size = given_today(row.code)
        said = ngettext("Today: given %d time.", "Today: given %d times.", size) % size
        return {"label": said if size else gettext("Today: not given.")}

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: RefusalReason, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        facts = {"code": obj.code, "offered": obj.is_active, "fields": sorted(form.changed_data)}
        audit_log.note(
            "reason_changed" if change else "reason_added", f"reason:{obj.pk}", by=signed_in_user(request), facts=facts
        )
        page_versions.bump_site()  # The transparency page shows the labels.


class _Record(admin.ModelAdmin):
    """A read-only ModelAdmin for those who may decide about the comment concerned."""

    list_select_related = ["comment__article"]
    show_full_result_count = False
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_moderate(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Comment.objects.moderated_by(request.user).narrow(super().get_queryset(request))

    @admin.display(description=_("comment"))
    def comment_link(self, row: Report | Appeal) -> str:
        where = reverse("admin:comments_comment_change", args=[row.comment_id])
        return format_html('<a href="{}">{}</a>', where, row.comment)


@admin.register(Report)
class ReportAdmin(_Record):
    """Readers' reports and notices."""

    empty = _("No reports yet. What readers report is listed here, and decided on the desk.")

    list_display = ["created_at", "reason", "comment_link", "outcome", "settled_at"]
    list_filter = ["outcome", "reason"]
    fields = [
        "comment_link", "reason", "detail", "law", "good_faith", "name", "email", "created_at", "outcome",
        "decision_reason", "settled_by", "settled_at", "objection", "objected_at", "kept_by", "kept_at",
    ]  # fmt: skip
    readonly_fields = ["comment_link", "created_at", "decision_reason", "settled_by", "settled_at"]


@admin.register(Appeal)
class AppealAdmin(_Record):
    """Authors' appeals."""

    empty = _("No appeals yet. What refused authors write is listed here, and decided on the desk.")

    list_display = ["created_at", "comment_link", "outcome", "settled_by", "settled_at"]
    list_filter = ["outcome"]
    list_select_related = ["comment__article", "settled_by"]
    fields = ["comment_link", "decision_said", "text", "created_at", "outcome", "settled_by", "settled_at"]
    readonly_fields = ["comment_link", "decision_said", "created_at", "settled_by", "settled_at"]

    @admin.display(description=_("decision"))
    def decision_said(self, row: Appeal) -> str:
        return sentences.of_decision(row.decision)
