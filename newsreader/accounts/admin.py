"""People on the editors' site: accounts for who runs it, and commenters, who can be banned and let in again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from newsreader.accounts.models import CommenterIdentity, User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's, with the name that is shown and the language of pages and mails."""

    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name", "email", "language"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"classes": ["wide"], "fields": ["username", "name", "email", "usable_password", "password1", "password2"]},
        )
    ]
    list_display = ["username", "name", "email", "is_staff", "is_active"]
    search_fields = ["username", "name", "email"]
    show_full_result_count = False


@admin.register(CommenterIdentity)
class CommenterIdentityAdmin(admin.ModelAdmin):
    """Who leaves replies. What providers told us is not edited; a ban is all that is decided here."""

    fields = [
        "provider", "uid", "user", "display_name", "email", "email_verified", "verified_at", "profile_url",
        "avatar_source", "banned_at", "created_at",
    ]  # fmt: skip
    list_display = ["display_name", "provider", "email", "email_verified", "banned_at", "created_at"]
    list_filter = ["provider", ("banned_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["display_name", "email", "uid", "user__username"]
    show_full_result_count = False
    ordering = ["-pk"]
    actions = ["ban", "lift_ban"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_ban_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_commenteridentity")

    @admin.action(description=_("Ban from commenting"), permissions=["ban"])
    def ban(self, request: HttpRequest, queryset: QuerySet[CommenterIdentity]) -> None:
        done = self._set(request, queryset.filter(banned_at=None), _("Banned"), banned_at=timezone.now())
        messages.success(request, ngettext("%d commenter banned.", "%d commenters banned.", done) % done)

    @admin.action(description=_("Lift the ban"), permissions=["ban"])
    def lift_ban(self, request: HttpRequest, queryset: QuerySet[CommenterIdentity]) -> None:
        done = self._set(request, queryset.exclude(banned_at=None), _("Ban lifted"), banned_at=None)
        messages.success(request, ngettext("%d ban lifted.", "%d bans lifted.", done) % done)

    def _set(self, request: HttpRequest, rows: QuerySet[CommenterIdentity], said: Any, **values: Any) -> int:
        """Change these and note on each who did it. Returns how many."""
        identities = list(rows)
        for identity in identities:
            self.log_change(request, identity, str(said))
        return CommenterIdentity.objects.filter(pk__in=[identity.pk for identity in identities]).update(**values)
