"""Accounts in the admin: who is in the newsroom, in words; and taking all roles from somebody who leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst, get_text_list
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from newsreader.accounts import leaving, reauthentication
from newsreader.accounts.identities import label_of, signed_in_user
from newsreader.accounts.models import Invitation, Role, User
from newsreader.kit import languages
from newsreader.kit.http_cache import private
from newsreader.kit.web import render_form, show_or_take

MEMBERS = Q(is_staff=True) | Q(is_superuser=True)
STANDINGS = {
    "active": _("in the newsroom"),
    "invited": _("invited"),
    "left": _("left"),
    "reader": _("reader"),
    "closed": _("account closed"),
}

DUTIES = {
    Role.EDITOR: _(
        "Editors write, change and publish all articles. They decide about comments, set the rules and invite people."
    ),
    Role.MODERATOR: _(
        "Moderators decide about comments, ban and lift bans, and keep the block list. They change no article."
    ),
    Role.AUTHOR: _(
        "Authors write articles and send them to the editors, who publish. They decide about the comments on their own."
    ),
}
SUPERUSER = _("Superusers run the site: they may do everything, and give rights to others.")
WAYS = {
    "password": _("a password"),
    "code": _("a code sent by email"),
    "passkey": _("a passkey"),
}


class StandingFilter(admin.SimpleListFilter):
    """Who is in the newsroom, and who was."""

    title, parameter_name = _("newsroom"), "newsroom"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, STANDINGS[name]) for name in ("active", "invited", "left")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "active":
                return queryset.filter(MEMBERS, is_active=True)
            case "invited":
                return queryset.filter(_invited())
            case "left":
                return queryset.filter(left_at__isnull=False)
        return queryset


class RoleFilter(admin.SimpleListFilter):
    title, parameter_name = _("role"), "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(role.value, role.label) for role in Role]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(groups__name=self.value()) if self.value() in Role.values else queryset


def _invited() -> Exists:
    waiting = Invitation.objects.filter(accepted_at=None, revoked_at=None).values("email")
    mine = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    return Exists(mine.filter(email__in=waiting))


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's, with what people are in words. Boxes for permissions are for who runs the site, and for nobody else."""

    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name", "email", "language"]}),
        (
            _("Rights"),
            {
                "classes": ["collapse"],
                "fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"],
            },
        ),
        (_("Dates"), {"classes": ["collapse"], "fields": ["last_login", "date_joined", "left_at"]}),
    ]
    in_words = [(None, {"fields": ["username_shown", "name", "email", "language_shown"]})]
    add_fieldsets = [
        (
            None,
            {"classes": ["wide"], "fields": ["username", "name", "email", "usable_password", "password1", "password2"]},
        )
    ]
    list_display = ["shown_name", "roles", "standing", "last_seen", "email", "username"]
    list_filter = [StandingFilter, RoleFilter]
    search_fields = ["username", "name", "email"]
    readonly_fields = ["left_at"]
    listed = _("people")  # "Users" are of programs.
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        leave = self.admin_site.admin_view(self.leave_view)
        return [path("<int:pk>/leave/", leave, name="accounts_user_leave"), *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        reads_only = obj and not self.has_change_permission(request, obj)
        return self.in_words if reads_only else super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ["roles", "standing", "last_seen", "username_shown", "language_shown"]
        return [*shown, *super().get_readonly_fields(request, obj)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        deeds = LogEntry.objects.filter(user=OuterRef("pk")).order_by().values("user")
        sessions = UserSession.objects.filter(user=OuterRef("pk")).order_by().values("user")
        return (
            super()
            .get_queryset(request)
            .prefetch_related("groups")
            .annotate(
                last_deed=Subquery(deeds.annotate(at=Max("action_time")).values("at")),
                last_session=Subquery(sessions.annotate(at=Max("last_seen_at")).values("at")),
                is_invited=_invited(),
            )
        )

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "language":
            kwargs["widget"] = forms.Select(choices=[("", _("The site’s language")), *languages.choices()])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # What is shown.

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, user: User) -> str:
        return user.shown_name

    @admin.display(description=_("username"))
    def username_shown(self, user: User) -> str:
        """Return it without the rules for choosing one, for those who can only read it."""
        return user.username

    @admin.display(description=_("language"))
    def language_shown(self, user: User) -> str:
        return dict(languages.choices()).get(user.language) or gettext("the site’s language")

    @admin.display(description=_("role"))
    def roles(self, user: User) -> str:
        return leaving.roles_in_words(user)

    @admin.display(description=_("last seen"), ordering="last_login")
    def last_seen(self, user: Any) -> str:
        return _moment(_seen(user)) or "–"

    @admin.display(description=_("newsroom"))
    def standing(self, user: Any) -> str:
        code = _standing(user)
        return format_html('<span class="state state-{}">{}</span>', code, STANDINGS[code])

    def about(self, user: Any, by: User) -> list[str]:
        """Return what an account is and does, in sentences for `by`; some are HTML. Rooms above add theirs.

        About six queries.
        """
        return [" ".join(_role_said(user)), _presence_said(user), _ways_said(user)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the invitations that wait: whoever is invited may have no account yet."""
        rows = Invitation.objects.filter(accepted_at=None, revoked_at=None).select_related("invited_by")
        waiting = list(rows.order_by("-sent_at")[:20]) if request.user.has_perm("accounts.view_invitation") else []
        named = {"title": capfirst(self.listed), "listed": self.listed}
        return super().changelist_view(request, {"waiting_invitations": waiting} | (extra_context or {}) | named)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: User | None = None,
    ) -> HttpResponse:
        by = signed_in_user(request)
        context["listed"] = self.listed
        context["about"] = self.about(obj, by) if obj else []
        context["may_leave"] = obj is not None and leaving.is_member(obj) and leaving.may_end_roles(by, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Leaving.

    @method_decorator(show_or_take)
    def leave_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask once more, saying what goes and what stays; then take all roles from this person."""
        by, user = signed_in_user(request), get_object_or_404(User, pk=pk)
        if not leaving.may_end_roles(by, user):
            raise PermissionDenied
        refusal = None
        if request.method == "POST":
            try:
                left = leaving.leave(pk, by=by)
            except leaving.LastSuperuser as refused:
                refusal = refused
            else:
                if left and left.pk == by.pk:
                    return private(HttpResponseRedirect("/"))
                said = _("%s has left the newsroom.") if left else _("%s has no role here.")
                messages.success(request, said % user.shown_name)
                return private(HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk])))
        context = self.admin_site.each_context(request) | {
            "title": _("Leaves the newsroom"),
            "opts": self.opts,
            "listed": self.listed,
            "person": user,
            "roles": leaving.roles_in_words(user),
            "is_member": leaving.is_member(user),
            "sessions": UserSession.objects.filter(user=user).count(),
        }
        return private(render_form(request, "admin/accounts/user/leave.html", context, refusal))


def _seen(user: Any) -> dt.datetime | None:
    """Return the latest of signing in, of what a session did last, and of a deed in the admin."""
    known: list[dt.datetime | None] = [user.last_login, user.last_deed, user.last_session]
    return max((at for at in known if at), default=None)


def _moment(at: dt.datetime | None) -> str:
    return date_format(localtime(at), "DATETIME_FORMAT") if at else ""


def _role_said(user: Any) -> Iterator[str]:
    names = {"name": user.shown_name, "roles": leaving.roles_in_words(user)}
    match _standing(user):
        case "active":
            yield gettext("%(name)s is in the newsroom: %(roles)s.") % names
        case "invited":
            yield gettext("%(name)s is invited to the newsroom, and hasn’t answered yet.") % names
        case "left":
            yield gettext("%(name)s has left the newsroom, and reads and comments like everybody.") % names
        case "closed":
            yield gettext("This account is closed: nobody can sign in to it.")
        case _:
            yield gettext("%(name)s is a reader, without a role in the newsroom.") % names
    if user.is_superuser:
        yield str(SUPERUSER)
    else:
        has = {group.name for group in user.groups.all()}
        yield from (str(said) for role, said in DUTIES.items() if role.value in has)


def _presence_said(user: Any) -> str:
    joined = date_format(localtime(user.date_joined))
    if seen := _moment(_seen(user)):
        return gettext("Last seen on %(seen)s; has had an account since %(joined)s.") % {"seen": seen, "joined": joined}
    return gettext("Not seen so far; has had an account since %s.") % joined


def _ways_said(user: User) -> str:
    ways = reauthentication.ways_in(user)
    words = [str(word) for way, word in WAYS.items() if way in ways]
    words += sorted(label_of(way) or way for way in ways - WAYS.keys())
    if not words:
        return gettext("Can’t sign in: no email address is confirmed, and no other way is set up.")
    said = gettext("Can sign in with %s.") % get_text_list(words, gettext("or"))
    return f"{said} {gettext('A second factor is asked for.')}" if is_mfa_enabled(user) else said


def _standing(user: Any) -> str:
    if not user.is_active:
        return "closed"
    if user.is_staff or user.is_superuser:
        return "active"
    if user.is_invited:
        return "invited"
    return "left" if user.left_at else "reader"
