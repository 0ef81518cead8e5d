"""The mails of the site in the admin, for those who run it: what waits, what failed, and what was given up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from newsreader.kit.admin_lists import AsSelect
from newsreader.kit.email_addresses import tidy_email, why_not
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import private
from newsreader.kit.languages import choices, spoken
from newsreader.kit.web import show_or_take
from newsreader.mailing import outbox, suppression
from newsreader.mailing.letter_titles import TITLES, title_of
from newsreader.mailing.models import Letter, Suppression
from newsreader.mailing.tokens import folded

WAITING = Q(sent_at=None, given_up_at=None)
STATES: dict[str, tuple[str | Promise, Q]] = {
    "waiting": (gettext_lazy("Waiting"), WAITING & Q(failure="")),
    "failed": (gettext_lazy("Failed, will be tried again"), WAITING & ~Q(failure="")),
    "given_up": (gettext_lazy("Given up"), Q(given_up_at__isnull=False) & ~Q(failure=outbox.OUTDATED)),
    "outdated": (gettext_lazy("Not sent: outdated"), Q(failure=outbox.OUTDATED)),
    "sent": (gettext_lazy("Sent"), Q(sent_at__isnull=False)),
}
LATELY = 30  # mails that the page of an address lists
# What stands for an error that no mail server or template has raised.
REASONS: dict[str, str | Promise] = {
    outbox.EXPIRED: gettext_lazy("It was of no use any more when its turn came."),
    outbox.OUTDATED: gettext_lazy("What it was about had changed before its turn came."),
    outbox.REFUSED: gettext_lazy("The mail server refuses this address."),
    outbox.SUPPRESSED: gettext_lazy("This address gets no email."),
}


class ByState(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(words)) for name, (words, _rows) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Letter]) -> QuerySet[Letter]:
        found = STATES.get(self.value() or "")
        return queryset.filter(found[1]) if found else queryset


class ByTitle(AsSelect, admin.SimpleListFilter):
    title = gettext_lazy("email")
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((name, str(title)) for name, title in TITLES.items()), key=lambda each: each[1].casefold())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Letter]) -> QuerySet[Letter]:
        return queryset.filter(name=self.value()) if self.value() in TITLES else queryset


@admin.register(Letter)
class LetterAdmin(admin.ModelAdmin):
    """Every mail that was or will be sent. Rows are never edited; one that was given up can be sent again."""

    empty = gettext_lazy("No emails yet. Every email that the site sends is listed here.")
    list_display = ["title", "state", "address", "created_at"]
    list_filter = [ByState, ByTitle]
    search_fields = ["address"]
    ordering = ["-pk"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # They count the whole table for each state and mail.
    fields = ["title", "address", "language_shown", "created_at", "state", "next_attempt", "attempts", "error"]
    actions = ["send_chosen_again"]

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.send_again)
        return [path("<int:pk>/again/", act, name="mailing_letter_send_again"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Letter]:
        return super().get_queryset(request).defer("secret", "facts")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        letter = self.get_object(request, object_id)
        button = letter and letter.given_up_at and outbox.is_of_use(letter) and self.has_send_again_permission(request)
        return super().change_view(request, object_id, *args, **kwargs | {"extra_context": {"has_button": button}})

    @admin.display(description=gettext_lazy("email"), ordering="name")
    def title(self, letter: Letter) -> str:
        return title_of(letter.name)

    @admin.display(description=gettext_lazy("state"))
    def state(self, letter: Letter) -> str:
        return _state(letter)

    @admin.display(description=gettext_lazy("language"))
    def language_shown(self, letter: Letter) -> str:
        return dict(choices()).get(spoken(letter.language)) or _("the site’s language")

    @admin.display(description=gettext_lazy("next attempt"))
    def next_attempt(self, letter: Letter) -> str:
        return _moment(letter.due_at) if letter.attempts and not (letter.sent_at or letter.given_up_at) else "–"

    @admin.display(description=gettext_lazy("last error"))
    def error(self, letter: Letter) -> str:
        return _error(letter) or "–"

    @method_decorator(require_POST)
    def send_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send one mail again, and go back to its page."""
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        letter = get_object_or_404(Letter, pk=pk)
        _send_again(request, [letter])
        return private(HttpResponseRedirect(reverse("admin:mailing_letter_change", args=[pk])))

    @admin.action(description=gettext_lazy("Send again"), permissions=["send_again"])
    def send_chosen_again(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        _send_again(request, list(queryset.order_by("pk")))


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    """Addresses that get no mail, or less. They are kept as hashes: to find one, type the address."""

    list_display = ["key", "reason", "at"]
    list_filter = ["reason"]
    ordering = ["-pk"]
    show_full_result_count = False
    fields = ["key", "reason", "at"]
    change_list_template = "admin/mailing/suppression/change_list.html"
    empty = gettext_lazy("Every address gets our emails. Those whose emails come back are listed here, as hashes.")

    def get_urls(self) -> list[URLPattern]:
        look_up = self.admin_site.admin_view(self.look_up)
        return [path("address/", look_up, name="mailing_suppression_address"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("address"))
    def key(self, row: Suppression) -> str:
        return f"{row.address[:16]}…"

    @method_decorator(show_or_take)
    def look_up(self, request: HttpRequest) -> HttpResponse:
        """Say why the address that was typed gets mail, or none: what stops it, what it asked for, what was sent.

        And have mail sent to it again. Other rooms say what they know of it by `ADDRESS_FACTS`.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_lift = super().has_change_permission(request)
        action, address = request.POST.get("action", ""), tidy_email(request.POST.get("address", ""))
        wrong = why_not(address) if request.method == "POST" else ""
        if action == "lift" and not wrong:
            if not may_lift:
                raise PermissionDenied
            if suppression.lift_by_staff(address, by=request.user):
                messages.success(request, _("%s gets our emails again.") % address)
        asked = request.method == "POST" and not wrong
        reasons = suppression.reasons_of([address]).get(address, set()) if asked else set()
        labels = dict(Suppression.Reason.choices)
        letters: Any = self.admin_site.get_model_admin(Letter)
        context = self.admin_site.each_context(request) | {
            "title": _("Why does this address get no email?"),
            "opts": self.opts,
            "address": address,
            "wrong": wrong,
            "reasons": [labels[reason] for reason in sorted(reasons)],
            "asked": asked,
            "may_lift": may_lift,
            "facts": [fact for path in settings.ADDRESS_FACTS for fact in import_string(path)(address)]
            if asked
            else [],
            "letters": _lately(address) if asked else [],
            "may_open": letters.has_view_permission(request),
            "may_resend": letters.has_send_again_permission(request),
        }
        return private(render(request, "admin/mailing/suppression/address.html", context, status=422 if wrong else 200))


def _send_again(request: HttpRequest, letters: list[Letter]) -> None:
    sent = 0
    for letter in letters:
        try:
            outbox.send_again(letter.pk, by=request.user)
            sent += 1
        except DomainError as refusal:
            messages.error(request, f"{letter.address}: {refusal}")
    if sent:
        said = ngettext("An email will be sent again.", "%(count)d emails will be sent again.", sent)
        messages.success(request, said % {"count": sent})


def _state(letter: Letter) -> str:
    if letter.sent_at:
        return _mark("accepted", _("Sent on %s") % _moment(letter.sent_at))
    if letter.failure == outbox.OUTDATED:
        return _mark("outdated", _("Not sent: outdated"))
    if letter.given_up_at:
        return _mark("given-up", _("Given up on %s") % _moment(letter.given_up_at))
    if letter.failure:
        said = ngettext("Failed once", "Failed %(count)d times", letter.attempts) % {"count": letter.attempts}
        return _mark("open", said)
    return _mark("waiting", _("Waiting"))


def _error(letter: Letter) -> str:
    return str(REASONS.get(letter.failure, letter.failure))


def _facts(address: str) -> list[tuple[str, str]]:
    """Return what each room knows of an address: labels with words."""
    return [fact for path in settings.ADDRESS_FACTS for fact in import_string(path)(address)]


def _lately(address: str) -> list[dict[str, Any]]:
    """Return the newest mails to an address: what each is, how it fares, and whether it can be sent again."""
    rows = Letter.objects.filter(address__in={address, folded(address)}).defer("secret", "facts").order_by("-pk")
    return [
        {
            "letter": row,
            "title": title_of(row.name),
            "state": _state(row),
            "error": _error(row),
            "can_be_sent": row.given_up_at is not None and outbox.is_of_use(row),
        }
        for row in rows[:LATELY]
    ]


def _moment(moment: Any) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT")


def _mark(name: str, words: str) -> str:
    return format_html('<span class="state state-{}">{}</span>', name, words)
