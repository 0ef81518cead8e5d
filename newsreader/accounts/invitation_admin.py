"""Invitations in the admin: inviting in one step, sending the mail again, revoking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from newsreader.accounts import groups, invitations
from newsreader.accounts.identities import signed_in_user
from newsreader.accounts.models import Invitation, Role
from newsreader.kit.errors import DomainError, Invalid
from newsreader.kit.http_cache import private

State = Invitation.State


class InvitationForm(forms.ModelForm):
    """Whom to invite, as what. It invites while it is validated, since only then is known whether that can be."""

    by: Any = None
    role = forms.ChoiceField(
        label=_("Role"),
        help_text=_(
            "Authors write, and send their articles to the editors. Moderators decide about comments. Editors do "
            "both, and publish."
        ),
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Invitation
        fields = ["email", "role"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        given = groups.given_by(self.by) if self.by else []
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  For the type checker.
        field.choices = [(role.value, role.label) for role in Role if role.value in given]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            self.invited = invitations.invite(cleaned["email"], cleaned["role"], by=self.by)
        except Invalid as wrong:
            for error in wrong.errors:
                self.add_error(error.field, forms.ValidationError(str(error.sentence), code=error.code))
        except DomainError as refusal:
            self.add_error(None, forms.ValidationError(str(refusal), code=refusal.code))
        return cleaned

    def _post_clean(self) -> None:
        """The operation has stored the row."""
        if not self.errors:
            self.instance = self.invited

    def save(self, commit: bool = True) -> Invitation:
        return self.invited

    def save_m2m(self) -> None:
        """There is nothing else to store."""


class Deed(NamedTuple):
    """A button: what it does, and what is said afterwards."""

    do: Callable[..., Invitation]
    done: Promise


DEEDS = {
    "resend": Deed(invitations.resend, _("A new email is on its way to %s. The link before it has ended.")),
    "revoke": Deed(invitations.revoke, _("The invitation of %s is revoked.")),
}


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """Who is invited by whom with which role, and what became of it. Rows are added, and never changed or deleted."""

    empty = _("Nobody has been invited yet. An invitation is an email with a link and a role.")
    form = InvitationForm
    fields = ["email", "role"]
    shown = ["email", "role", "state_shown", "invited_by", "created_at", "number", "sent_at", "expires_at"]
    ended = {State.ACCEPTED: ["accepted_by", "accepted_at"], State.REVOKED: ["revoked_by", "revoked_at"]}
    list_display = ["email", "role", "state_shown", "invited_by", "sent_at", "expires_at"]
    list_filter = ["role"]
    list_select_related = ["invited_by"]
    search_fields = ["email"]
    show_full_result_count = False
    ordering = ["-pk"]

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act)
        own = [path(f"<int:pk>/{name}/", act, {"deed": name}, name=f"accounts_invitation_{name}") for name in DEEDS]
        return [*own, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> list[Any]:
        return [*self.shown, *self.ended.get(obj.state, [])] if obj else self.fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        return made if obj else type(made.__name__, (made,), {"by": signed_in_user(request)})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        buttons = {"show_save_and_continue": False, "show_save": True}
        return super().add_view(request, form_url, {"title": _("Invite somebody")} | buttons | (extra_context or {}))

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        """The operation has stored and recorded it."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The operation has done that, too."""

    def response_add(self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None) -> HttpResponse:
        said = _("An invitation is on its way to %(email)s. Role: %(role)s.")
        messages.success(request, said % {"email": obj.email, "role": obj.get_role_display()})
        name = "add" if "_addanother" in request.POST else "changelist"
        return HttpResponseRedirect(reverse(f"admin:accounts_invitation_{name}"))

    @admin.display(description=_("state"))
    def state_shown(self, invitation: Invitation) -> str:
        return format_html('<span class="state state-{}">{}</span>', invitation.state, invitation.state.label)

    @method_decorator(require_POST)
    def act(self, request: HttpRequest, pk: int, deed: str) -> HttpResponse:
        """Send it again or revoke it, and go back to where the button was."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        invitation = get_object_or_404(Invitation, pk=pk)
        try:
            DEEDS[deed].do(pk, by=signed_in_user(request))
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, DEEDS[deed].done % invitation.email)
        return private(HttpResponseRedirect(reverse("admin:accounts_invitation_change", args=[pk])))
