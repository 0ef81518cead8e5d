"""Chat webhooks in the admin, for those who run the site: adding, changing, trying one out, and what went wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from comments.desk.sentence_forms import InSentences
from comments.models import ChatHook
from comments.models.permissions import may_run_the_site
from comments.notifications import chat
from comments.notifications.chat_words import failure_in_words
from newsreader.accounts.identities import signed_in_user
from newsreader.kit.errors import Invalid


class ChatHookForm(forms.ModelForm):
    """A chat room. Its address is never shown again: left empty, it stays."""

    address = forms.CharField(
        label=_("Webhook address"),
        required=False,
        max_length=chat.LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField", "placeholder": "https://"}),
        help_text=_("Your chat shows it when you add an incoming webhook. Who knows it can write there."),
    )

    class Meta:
        model = ChatHook
        fields = ["name", *chat.EVENTS.values(), "sections", "is_active"]
        widgets = {"sections": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance.pk and "address" in self.fields:
            self.fields["address"].help_text = _("Leave it empty to keep the one at %s.") % self.instance.host

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            chat.check(self.values())
        except Invalid as wrong:
            for error in wrong.errors:
                if error.field not in self.errors:
                    self.add_error(error.field if error.field in self.fields else None, str(error.sentence))
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what is given, as the operations take it."""
        cleaned = self.cleaned_data
        found: dict[str, Any] = {name: cleaned[name] for name in ("name", "sections", "is_active") if name in cleaned}
        found["events"] = [name for name, column in chat.EVENTS.items() if cleaned.get(column)]
        if cleaned.get("address") or not self.instance.pk:
            found["address"] = cleaned.get("address", "")
        return found


@admin.register(ChatHook)
class ChatHookAdmin(InSentences):
    """Chat rooms that are told what moderators need to know."""

    form = ChatHookForm
    change_form_template = "admin/comments/chat_form.html"
    sentences = {
        "on_waiting": _("Tell it of each comment that waits"),
        "on_digest": _("Tell it once an hour what waits"),
        "on_alarm": _("Remind it when the oldest comment has waited too long"),
        "on_reports": _("Tell it when a reader reports a comment"),
        "is_active": _("Use this webhook"),
    }
    fieldsets = [
        (None, {"fields": ["name", "address"]}),
        (_("What it is told"), {"fields": ["on_waiting", "on_digest", "on_alarm", "on_reports", "sections"]}),
        (_("State"), {"fields": ["is_active", "delivered_at", "failing_since", "failure_shown"]}),
    ]
    readonly_fields = ["delivered_at", "failing_since", "failure_shown"]
    list_display = ["name", "host", "is_active", "delivered_at", "failing_since", "failure_shown"]
    empty = _("No chat is told of comments that wait. Add an incoming webhook of Slack, Mattermost or another chat.")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "sections":
            field.widget.can_add_related = False  # A section is a matter of its own.
        return field

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_run_the_site(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_run_the_site(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_run_the_site(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_run_the_site(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_run_the_site(request.user)

    def get_urls(self) -> list[URLPattern]:
        test = path("<int:hook_id>/test/", self.admin_site.admin_view(self.test), name="comments_chathook_test")
        return [test, *super().get_urls()]

    def test(self, request: HttpRequest, hook_id: int) -> HttpResponse:
        """Have a test message sent."""
        if not may_run_the_site(request.user):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not ChatHook.objects.filter(pk=hook_id).exists():
            raise Http404
        chat.test(hook_id)
        messages.info(request, _("A test message is on its way. In a moment this page shows whether it arrived."))
        return HttpResponseRedirect(reverse("admin:comments_chathook_change", args=[hook_id]))

    def save_model(self, request: HttpRequest, obj: ChatHook, form: Any, change: bool) -> None:
        user = signed_in_user(request)
        if change:
            chat.change(obj.pk, form.values(), by=user)
        else:
            made, secret = chat.add(**form.values(), by=user)
            obj.pk = made.pk
            said = _("Its messages are signed with this secret, which is shown only now: %s")
            messages.warning(request, said % secret)
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: ChatHook) -> None:
        chat.remove(obj.pk, by=signed_in_user(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ChatHook]) -> None:
        for hook in queryset:
            self.delete_model(request, hook)

    @admin.display(description=_("last failure"))
    def failure_shown(self, hook: ChatHook) -> Any:
        return failure_in_words(hook.failure) or "–"
