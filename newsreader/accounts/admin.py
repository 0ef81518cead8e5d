"""People in the admin: commenter identities; `people_admin` has the accounts, `invitation_admin` the invitations."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from newsreader.accounts import invitation_admin, people_admin
from newsreader.accounts.models import CommenterIdentity

__all__ = ["CommenterIdentityAdmin", "invitation_admin", "people_admin"]


@admin.register(CommenterIdentity)
class CommenterIdentityAdmin(admin.ModelAdmin):
    """Commenter identities, read-only, since they come from providers. `comments` adds bans to this class."""

    empty = _("Nobody has commented with an account yet.")
    fields = [
        "provider", "uid", "user", "display_name", "email", "email_verified", "verified_at", "profile_url",
        "avatar_source", "created_at",
    ]  # fmt: skip
    list_display = ["display_name", "provider", "email", "email_verified", "created_at"]
    list_filter = ["provider"]
    list_select_related = ["user"]
    search_fields = ["display_name", "email", "uid", "user__username"]
    show_full_result_count = False
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
