"""Bans in the admin, and the list of commenters with who is banned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator, format_lazy
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from comments.audit.refusal_reasons import choices
from comments.desk.sentence_forms import InSentences
from comments.desk.stats import trashed_today
from comments.models import Ban, BanAppeal
from comments.models.permissions import may_ban, may_ban_quietly
from comments.models.querysets import BanQuerySet
from comments.moderation import ban_lifting, ban_targets, bans
from comments.objections import ban_appeals
from newsreader.accounts.admin import CommenterIdentityAdmin
from newsreader.accounts.identities import signed_in_user
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.client_address import client_address
from newsreader.kit.errors import DomainError, Invalid

TARGET, TERMS = ("identity", "email", "network"), ("reason", "note", "ends_at", "quiet")
RECOMMENDED = 30  # days that a ban lasts
SHOWN = 300  # characters of an appeal in the list; the ban's page shows all of it


class BanForm(forms.ModelForm):
    """A new ban, or new terms of one. `by` and `from_address` are set by the admin."""

    by: Any = None
    from_address = ""
    reason = forms.ChoiceField(label=_("Reason"), choices=choices, required=False)

    class Meta:
        model = Ban
        fields = [*TARGET, *TERMS]
        help_texts = {
            "identity": _("One of these three: an account, an email address or a network."),
            "email": _("Guests only: anybody can type an address, so signed-in readers aren’t affected."),
            "network": _("An address, or a network such as 192.0.2.0/24 or 2001:db8::/64."),
            "quiet": _("Their comments seem to be waiting but go to the trash. Use it rarely."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        known = self.instance
        target = {name: cleaned.get(name) or getattr(known, name) for name in TARGET} if known.pk else cleaned
        if self.errors:
            return cleaned
        try:
            identity, email, network = (target.get(name) for name in TARGET)
            ban_targets.check(identity, email or "", network or "", self.by, self.from_address, cleaned.get("ends_at"))
        except Invalid as wrong:
            for error in wrong.errors:
                self.add_error(error.field if error.field in self.fields else None, str(error.sentence))
        return cleaned

    def _post_clean(self) -> None:
        """Fill in the instance without validating the row: `bans.ban` checks it, and updates an existing ban."""
        for name in self.fields:
            if name in self.cleaned_data:
                setattr(self.instance, name, self.cleaned_data[name])


class ForceFilter(admin.SimpleListFilter):
    title, parameter_name = _("status"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("now", _("in force")), ("past", _("past"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "now":
                return queryset.in_force()
            case "past":
                return queryset.past()
        return queryset


class AppealFilter(admin.SimpleListFilter):
    title, parameter_name = _("appeal"), "appealed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        waiting = _("to be decided (%d)") % Ban.objects.appealed().count()
        return [("open", waiting), ("settled", _("decided"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "open":
                return queryset.appealed()
            case "settled":
                settled = BanAppeal.objects.filter(ban=models.OuterRef("pk")).exclude(outcome=BanAppeal.Outcome.OPEN)
                return queryset.filter(models.Exists(settled))
        return queryset


class KindFilter(admin.SimpleListFilter):
    title, parameter_name = _("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Ban.Kind.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case Ban.Kind.ACCOUNT:
                return queryset.exclude(identity=None)
            case Ban.Kind.EMAIL:
                return queryset.exclude(email="")
            case Ban.Kind.NETWORK:
                return queryset.exclude(network="")
        return queryset


@admin.register(Ban)
class BanAdmin(InSentences):
    """Bans in force and past. A ban is lifted, never deleted: it stays on record.

    Lifting a ban grants the open appeals against it; upholding it rejects them.
    """

    empty = _("Nobody is banned. Ban somebody from their comment on the desk, or add a ban here.")
    sentences = {
        "identity": _("Ban the account of %(field)s"),
        "email": _("Ban the email address %(field)s"),
        "network": _("Ban the network %(field)s"),
        "reason": _("Reason: %(field)s"),
        "note": _("Tell colleagues: %(field)s"),
        "ends_at": _("The ban ends on %(field)s"),
        "quiet": _("Don’t tell them"),
        "by": _("Banned by %(field)s"),
        "created_at": _("Banned since %(field)s"),
        "lifted_at": _("Lifted on %(field)s"),
    }
    recommended = {
        "ends_at": format_lazy(_("in {days} days"), days=RECOMMENDED),
        "quiet": _("off"),
    }
    form = BanForm
    list_display = ["who", "state_shown", "open_appeals", "reason_shown", "note", "by", "created_at"]
    list_filter = [AppealFilter, ForceFilter, KindFilter, "quiet"]
    list_select_related = ["identity", "by"]
    list_display_links = ["who"]
    search_fields = ["email", "network", "note", "identity__display_name", "identity__email"]
    autocomplete_fields = ["identity"]
    show_full_result_count = False
    ordering = ["-created_at", "-pk"]
    actions = ["lift", "uphold"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ban]:
        return super().get_queryset(request).prefetch_related("appeals")

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A ban that is over can be viewed, not changed: banning somebody again makes a new one."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_in_force)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill in the recommended end; whoever wants a ban for good empties it."""
        at = timezone.now().replace(second=0, microsecond=0) + dt.timedelta(days=RECOMMENDED)
        return {"ends_at": at} | super().get_changeform_initial_data(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = [*TARGET, *TERMS]
        if not may_ban_quietly(request.user):
            fields.remove("quiet")
        if obj:  # Who is banned never changes.
            fields = [name for name in fields if name not in TARGET or getattr(obj, name)]
            told = ["by", "created_at", "lifted_at", "every_appeal"]
            said = [name for name in told if name == "every_appeal" or getattr(obj, name)]
            return [*fields, *(said if obj.appeals.all() else said[:-1])]
        return fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*TARGET, "by", "created_at", "lifted_at", "every_appeal"] if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[BanForm]:
        if obj:  # Who is banned never changes, and needs no word on how to choose.
            kwargs["help_texts"] = BanForm.Meta.help_texts | dict.fromkeys(TARGET, "")
        form = super().get_form(request, obj, change, **kwargs)
        who = {"by": request.user, "from_address": client_address(request)}
        return type("BanFormOf", (form,), who)

    def save_model(self, request: HttpRequest, obj: Ban, form: forms.ModelForm, change: bool) -> None:
        terms = {name: form.cleaned_data[name] for name in TERMS if name in form.cleaned_data}
        # A moderator who may not ban quietly leaves a quiet ban as it is.
        terms.setdefault("quiet", bool(change and obj.quiet))
        target = {name: getattr(obj, name) for name in TARGET}
        made = bans.ban(**target, **terms, by=signed_in_user(request), from_address=client_address(request))
        obj.pk = made.pk
        obj.refresh_from_db()

    def today(self, row: Ban | None) -> Mapping[str, str]:
        """Return how many comments of somebody banned went to the trash since midnight. Networks are not counted."""
        if row is None or row.network:
            return {}
        theirs = (
            {"comment__identity": row.identity} if row.identity_id else {"comment__connection_data__email": row.email}
        )
        return {"identity" if row.identity_id else "email": _trashed(trashed_today(**theirs))}

    @admin.action(description=_("Lift ban"), permissions=["change"])
    def lift(self, request: HttpRequest, queryset: BanQuerySet) -> None:
        _lift(request, queryset)

    @admin.action(description=_("Reject the appeal: the ban stays"), permissions=["change"])
    def uphold(self, request: HttpRequest, queryset: QuerySet[Ban]) -> None:
        done = sum(_upheld(request, row) for row in queryset)
        if done:
            messages.success(request, ngettext("%d ban stays.", "%d bans stay.", done) % done)

    @admin.display(description=_("open appeal"))
    def open_appeals(self, row: Ban) -> SafeString | str:
        """Return the open appeals against a ban as HTML, shortened."""
        waiting = [appeal for appeal in row.appeals.all() if not appeal.outcome and row.is_in_force]
        return _worded(waiting, SHOWN) or "–"

    @admin.display(description=_("appeals"))
    def every_appeal(self, row: Ban) -> SafeString | str:
        return _worded(row.appeals.all()) or "–"

    @admin.display(description=_("who"))
    def who(self, row: Ban) -> str:
        return str(row)

    @admin.display(description=_("state"), ordering="ends_at")
    def state_shown(self, row: Ban) -> str:
        """Say in words whether a ban is in force, until when, and whether quietly."""
        if row.is_in_force:
            said = gettext("in force until %s") % _day(row.ends_at) if row.ends_at else gettext("in force for good")
            said = gettext("%s, quietly") % said if row.quiet else said
            return format_html('<span class="state state-open">{}</span>', said)
        if row.lifted_at:
            return gettext("lifted on %s") % _day(row.lifted_at)
        return gettext("over since %s") % _day(row.ends_at)

    @admin.display(description=_("reason"), ordering="reason")
    def reason_shown(self, row: Ban) -> str:
        return dict(choices()).get(row.reason, row.reason) if row.reason else "–"


def _day(moment: dt.datetime | None) -> str:
    return date_format(localtime(moment)) if moment else ""


def _trashed(size: int) -> str:
    if not size:
        return gettext("Today: nothing of theirs went to the trash.")
    said = ngettext("Today: %d comment went to the trash.", "Today: %d comments went to the trash.", size)
    return said % size


def _lift(request: HttpRequest, rows: Iterable[Ban]) -> None:
    """Lift bans; say how many, and which stay and why."""
    done = 0
    for row in rows:
        try:
            done += ban_lifting.lift(row, signed_in_user(request)) is not None
        except DomainError as refusal:
            messages.error(request, f"{row}: {refusal}")
    if done:
        messages.success(request, ngettext("%d ban lifted.", "%d bans lifted.", done) % done)


def _upheld(request: HttpRequest, row: Ban) -> bool:
    try:
        ban_appeals.settle(row.pk, lift=False, by=signed_in_user(request))
    except DomainError as refusal:
        messages.error(request, f"{row}: {refusal}")
        return False
    return True


def _worded(appeals: Iterable[BanAppeal], length: int = 0) -> SafeString:
    """Return appeals as a list in HTML: who appealed, the outcome, and the text up to a length (0: all of it)."""
    said = [
        (
            _by_whom(row),
            row.get_outcome_display(),
            Truncator(row.text).chars(length) if length else row.text,
        )
        for row in sorted(appeals, key=lambda row: row.pk)
    ]
    lines = format_html_join("", '<li>{}, {}: <q dir="auto">{}</q></li>', said)
    return format_html('<ul class="appeals">{}</ul>', lines) if said else lines


def _by_whom(row: BanAppeal) -> Any:
    if row.by_owner:
        return _("the banned reader")
    return _("somebody in the network") if row.ban.kind == Ban.Kind.NETWORK else _("somebody who typed the address")


# Accounts know nothing of comments, so their list of commenters gets its bans here.
admin.site.unregister(CommenterIdentity)


class BannedFilter(admin.SimpleListFilter):
    title, parameter_name = _("banned"), "banned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("banned")), ("no", _("not banned"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(is_banned=self.value() == "yes")


def _banned() -> models.Exists:
    """Return the condition that a commenter's identity is banned now."""
    return models.Exists(Ban.objects.in_force().filter(identity=models.OuterRef("pk")))


@admin.register(CommenterIdentity)
class BannedCommenterAdmin(CommenterIdentityAdmin):
    """The list of commenters, with who of them is banned."""

    fields = [*CommenterIdentityAdmin.fields, "banned"]
    readonly_fields = ["banned"]
    list_display = [*CommenterIdentityAdmin.list_display, "banned"]
    list_filter = [*CommenterIdentityAdmin.list_filter, BannedFilter]
    actions = ["ban", "lift_ban"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CommenterIdentity]:
        return super().get_queryset(request).annotate(is_banned=_banned())

    @admin.display(description=_("banned"), boolean=True, ordering="is_banned")
    def banned(self, identity: Any) -> bool:
        return bool(identity.is_banned)

    def has_ban_permission(self, request: HttpRequest) -> bool:
        return may_ban(request.user)

    @admin.action(description=_("Ban from commenting"), permissions=["ban"])
    def ban(self, request: HttpRequest, queryset: QuerySet[CommenterIdentity]) -> None:
        """Ban the chosen commenters, for good; how long and why can be set on the ban itself."""
        done = 0
        for identity in queryset.filter(~_banned()).select_related("user"):
            try:
                bans.ban(identity=identity, by=signed_in_user(request))
                done += 1
            except Invalid as wrong:
                messages.error(request, f"{identity}: {wrong.errors[0].sentence}")
        messages.success(request, ngettext("%d commenter banned.", "%d commenters banned.", done) % done)

    @admin.action(description=_("Lift the ban"), permissions=["ban"])
    def lift_ban(self, request: HttpRequest, queryset: QuerySet[CommenterIdentity]) -> None:
        _lift(request, Ban.objects.in_force().filter(identity__in=queryset.values("pk")).select_related("identity"))
