"""People in the admin: accounts and commenter identities."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit import languages


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's, with the display name, and the language of pages and mails."""

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

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "language":
            kwargs["widget"] = forms.Select(choices=[("", _("The site’s language")), *languages.choices()])
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(CommenterIdentity)
class CommenterIdentityAdmin(admin.ModelAdmin):
    """Commenter identities, read-only, since they come from providers. `comments` adds bans to this class."""

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
