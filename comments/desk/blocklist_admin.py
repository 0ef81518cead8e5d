"""The block list in the admin: entries, added singly or many at once, and two ways to try them.

Entries can be tried on a pasted text, or on the comments of the last days. Neither stores anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from articles.models.taxonomy import Section
from articles.newsroom.site_admin import KeepsRelated
from comments.audit.reason_texts import worded
from comments.desk.sentence_forms import InSentences
from comments.drafts import Author, Draft, Visit, tidied
from comments.errors import TooManyPatterns
from comments.models import Comment, CommentSettings, FilterEntry
from comments.models.effective_settings import EffectiveSettings
from comments.posting.submission import LONGEST
from comments.screening import blocklist, compiled_entries, evaluate
from comments.screening.article_settings import settings_under
from comments.screening.backtesting import DAYS, MOST_DAYS, Backtest, backtest
from comments.screening.words import found_anywhere
from newsreader.accounts.identities import signed_in_user
from newsreader.kit.admin_inputs import SoundChoice

LISTED = 100  # entries listed with what each of them found


class EntryForm(forms.ModelForm):
    """One entry; a new one may be many, one a line."""

    entries = forms.CharField(
        label=_("Look for"),
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One entry per line. The choices below apply to all of them."),
    )

    class Meta:
        model = FilterEntry
        fields = [
            "pattern", "match", "action", "is_active", "only_counts", "section", "article", "ends_at", "examples",
            "counterexamples", "note",
        ]  # fmt: skip
        widgets = {"pattern": forms.TextInput(attrs={"size": 60})}
        help_texts = {
            "match": _(
                "Regular expressions: letters of any case; <code>\\pL</code> is any letter, while <code>\\w</code>, "
                "<code>\\d</code> and <code>\\b</code> know plain letters and numbers only. They cannot look ahead, "
                "look behind or refer back."
            ),
            "section": _("Empty: all sections."),
            "article": _("Empty: all articles, or those of the section."),
            "only_counts": _("Nothing happens to the comment. Useful for trying an entry out."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        unused = "pattern" if self.instance.pk is None else "entries"
        self.fields.pop(unused, None)
        for name in ("examples", "counterexamples"):
            if name in self.fields:
                self.fields[name].widget.attrs["rows"] = 3

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "entries" in self.fields:
            cleaned["wanted"] = blocklist.lines(cleaned.get("entries", ""))
        else:
            cleaned["wanted"] = [pattern for pattern in [cleaned.get("pattern")] if pattern]
        if cleaned["wanted"]:
            self.instance.pattern = cleaned["wanted"][0]
        return cleaned

    def validate_unique(self) -> None:
        """Show the errors that `blocklist` finds in what was typed, once the row is filled in."""
        super().validate_unique()
        if "match" not in self.errors and "action" not in self.errors:
            self._show_problems(self.cleaned_data["wanted"])

    def _show_problems(self, wanted: list[str]) -> None:
        before = FilterEntry.objects.filter(pk=self.instance.pk).first() if self.instance.pk else None
        for wrong in blocklist.problems(wanted, self.instance, before=before):
            if wrong.sentence not in self.non_field_errors():  # The table's constraints have reported it already.
                self._show(wrong.field, wrong.sentence, wrong.code)
        if wanted and not self.errors:
            try:
                blocklist.check_room(wanted, self.instance)
            except TooManyPatterns as refusal:
                self._show("pattern", str(refusal), refusal.code)

    def _show(self, field: str, sentence: Any, code: str) -> None:
        shown = "entries" if field == "pattern" and "entries" in self.fields else field
        self.add_error(shown if shown in self.fields else None, ValidationError(sentence, code=code))

    def entered(self) -> list[FilterEntry]:
        """Return what a valid form holds: an unsaved row for each entry."""
        if self.instance.pk is not None:
            return [self.instance]
        values = {name: getattr(self.instance, name) for name in ("match", "action", "section", "article")}
        return [FilterEntry(pattern=pattern, **values) for pattern in self.cleaned_data["wanted"]]


class TrialEntryForm(EntryForm):
    """The form of an entry that is only tried: never valid for saving, so that the page shows it again as typed."""

    def is_valid(self) -> bool:
        super().is_valid()
        return False


class Trial(forms.Form):
    """The form for trying a pasted text: what would screening say?"""

    text = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 8}), max_length=LONGEST)
    name = forms.CharField(label=_("Name"), required=False, max_length=245)
    email = forms.CharField(label=_("Email"), required=False, max_length=100)
    website = forms.CharField(label=_("Website"), required=False, max_length=200)
    address = forms.GenericIPAddressField(label=_("IP address"), required=False)
    agent = forms.CharField(label=_("Browser’s name"), required=False, max_length=254)
    section = SoundChoice(label=_("In the section"), queryset=Section.objects.order_by("name"), required=False)
    article = SoundChoice(
        label=_("Under the article (its number)"),
        queryset=Article.objects.select_related("discussion").defer("body"),
        required=False,
        widget=forms.NumberInput(attrs={"min": 1}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("section") and cleaned.get("article"):
            self.add_error("article", ValidationError(_("Choose a section or an article, not both."), code="one_scope"))
        return cleaned

    def draft(self) -> Draft:
        """Return the text as a draft of an unknown guest, in the chosen section or under the chosen article."""
        value = self.cleaned_data
        author = Author(value["name"], value["email"], value["website"])
        visit = Visit(address=value["address"] or "", user_agent=value["agent"])
        article = value["article"] or Article(pk=0, section=value["section"])
        return tidied(Draft(article.pk, value["text"], author, visit=visit, section_id=article.section_id))

    def rules(self) -> EffectiveSettings:
        """Return the settings in force there."""
        rules, article = CommentSettings.objects.current(), self.cleaned_data["article"]
        return settings_under(article, rules) if article else EffectiveSettings.of(rules)


class InForce(admin.SimpleListFilter):
    """Filter by whether an entry is in force: switched on, and not expired."""

    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [("yes", _("in force")), ("off", _("switched off")), ("over", _("expired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[FilterEntry]) -> QuerySet[FilterEntry]:
        over = Q(ends_at__lte=timezone.now())
        match self.value():
            case "yes":
                return queryset.filter(~over | Q(ends_at=None), is_active=True)
            case "off":
                return queryset.filter(is_active=False)
            case "over":
                return queryset.filter(over)
        return queryset


@admin.register(FilterEntry)
class FilterEntryAdmin(KeepsRelated, InSentences):
    """Entries of the block list: what to look for in comments, and what follows. Every change is in the audit log."""

    empty = _("No entries yet. Add a word, a domain or a network, and choose what happens to comments with it.")
    sentences = {
        "pattern": _("Look for %(field)s"),
        "entries": _("Look for %(field)s"),
        "match": _("as %(field)s"),
        "action": _("When it’s found: %(field)s"),
        "is_active": _("In force"),
        "only_counts": _("Only count how often it’s found"),
        "section": _("Only in the section %(field)s"),
        "article": _("Only under the article number %(field)s"),
        "ends_at": _("The entry ends on %(field)s"),
        "examples": _("It must be found in %(field)s"),
        "counterexamples": _("It must not be found in %(field)s"),
        "note": _("Tell colleagues: %(field)s"),
    }
    recommended = {
        "match": FilterEntry.Match.WORD.label,
        "action": FilterEntry.Action.HOLD.label,
        "is_active": _("on"),
        "only_counts": _("on for a day, then off"),
    }

    form = EntryForm
    change_form_template = "admin/comments/filterentry/change_form.html"
    change_list_template = "admin/comments/filterentry/change_list.html"
    list_display = ["pattern", "match", "action", "state_shown", "scope", "found", "note"]
    list_filter = ["action", "match", InForce, "only_counts"]
    list_select_related = ["section", "article"]
    list_per_page = 100
    search_fields = ["pattern", "note"]
    raw_id_fields = ["article"]
    actions = ["try_on_comments", "put_in_force", "put_out_of_force"]

    def get_fieldsets(self, request: HttpRequest, obj: FilterEntry | None = None) -> list[Any]:
        entry = "pattern" if obj else "entries"
        return [
            (None, {"fields": [entry, "match", "action", "is_active", "only_counts"]}),
            (_("Where and until when"), {"fields": ["section", "article", "ends_at"]}),
            (
                _("Checked when you save"),
                {
                    "fields": ["examples", "counterexamples"],
                    "description": _("Sample comments; for networks, IP addresses; for browsers, their names."),
                },
            ),
            (None, {"fields": ["note"]}),
        ]

    def get_form(
        self, request: HttpRequest, obj: FilterEntry | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if "_backtest" in request.POST:
            kwargs["form"] = TrialEntryForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        trial = self.admin_site.admin_view(self.try_view)
        return [path("try/", trial, name="comments_filterentry_try"), *super().get_urls()]

    def today(self, row: FilterEntry | None) -> Mapping[str, str]:
        """Return how often the entry was found: counts are kept for all days together."""
        if row is None:
            return {}
        return {"pattern": _found(row)}

    # The list.

    @admin.display(description=_("state"), ordering="ends_at")
    def state_shown(self, entry: FilterEntry) -> str:
        """Say in words whether an entry is in force, until when, and whether it only counts."""
        if not entry.is_active:
            return gettext("switched off")
        ends = date_format(localtime(entry.ends_at)) if entry.ends_at else ""
        if entry.ends_at and entry.ends_at <= timezone.now():
            return gettext("over since %s") % ends
        if entry.only_counts:
            said = gettext("only counts until %s") % ends if ends else gettext("only counts")
            return format_html('<span class="state">{}</span>', said)
        said = gettext("in force until %s") % ends if ends else gettext("in force")
        return format_html('<span class="state state-open">{}</span>', said)

    @admin.display(description=_("where"))
    def scope(self, entry: FilterEntry) -> str:
        if entry.article:
            return format_html('<a href="{}">{}</a>', entry.article.get_absolute_url(), entry.article.headline)
        return str(entry.section or _("everywhere"))

    @admin.display(description=_("found"), ordering="hits")
    def found(self, entry: FilterEntry) -> str:
        return _found(entry)

    @admin.action(description=_("Try on the last 30 days"), permissions=["view"])
    def try_on_comments(self, request: HttpRequest, queryset: QuerySet[FilterEntry]) -> HttpResponse | None:
        rules = list(queryset.order_by("pattern", "pk")[: blocklist.MOST])
        try:
            result = backtest(rules, Comment.objects.moderated_by(request.user))
        except TooManyPatterns as refusal:
            messages.error(request, str(refusal))
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Tried on the last 30 days"),
            "opts": FilterEntry._meta,
            "summary": _backtest_context(result, ""),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/comments/filterentry/backtest.html", context)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def put_in_force(self, request: HttpRequest, queryset: QuerySet[FilterEntry]) -> None:
        self._switch(request, queryset, on=True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def put_out_of_force(self, request: HttpRequest, queryset: QuerySet[FilterEntry]) -> None:
        self._switch(request, queryset, on=False)

    def _switch(self, request: HttpRequest, rows: QuerySet[FilterEntry], *, on: bool) -> None:
        try:
            changed = blocklist.switch(rows, on=on, by=signed_in_user(request))
        except TooManyPatterns as refusal:
            messages.error(request, str(refusal))
            return
        said = ngettext("%d entry changed.", "%d entries changed.", changed)
        messages.success(request, said % changed)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FilterEntry]) -> None:
        blocklist.delete(queryset, by=signed_in_user(request))

    # The page of one.

    def save_model(self, request: HttpRequest, obj: FilterEntry, form: forms.ModelForm, change: bool) -> None:
        if change:
            blocklist.change(obj, by=signed_in_user(request))
            return
        _added, known = blocklist.add(form.cleaned_data["wanted"], obj, by=signed_in_user(request))
        same = FilterEntry.objects.filter(pattern=obj.pattern, match=obj.match)
        obj.pk = same.get(section=obj.section_id, article=obj.article_id).pk
        if known:
            said = ngettext("%d was on the list already.", "%d were on the list already.", known)
            messages.info(request, said % known)

    def delete_model(self, request: HttpRequest, obj: FilterEntry) -> None:
        blocklist.delete(FilterEntry.objects.filter(pk=obj.pk), by=signed_in_user(request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form; where its entry is only to be tried, with what that found.

        The trial runs before Django opens the transaction for saving, so that nobody has to wait for it.
        """
        context = {"days": DAYS, "most_days": MOST_DAYS} | (extra_context or {})
        if request.method == "POST" and "_backtest" in request.POST:
            context |= self._tried(request, object_id)
        return super().changeform_view(request, object_id, form_url, context)

    def _tried(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        entry = self.get_object(request, object_id) if object_id else None
        allowed = self.has_change_permission(request, entry) if object_id else self.has_add_permission(request)
        if not allowed or (object_id and entry is None):
            return {}  # Django answers with the error.
        form = self.get_form(request, entry, change=entry is not None)(request.POST, instance=entry)
        form.is_valid()
        days = _days(request.POST.get("backtest_days", ""))
        if form.errors:
            return {"days": days}
        rules = form.entered()
        result = backtest(rules, Comment.objects.moderated_by(request.user), days=days)
        return {"days": days, "summary": _backtest_context(result, rules[0].action)}

    # A pasted text.

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Say what screening would make of a pasted text. Nothing is stored."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = Trial(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try the rules"),
            "form": form,
            "opts": FilterEntry._meta,
        }
        if form.is_valid():
            draft = form.draft()
            verdict = evaluate(draft, form.rules())
            found = found_anywhere(draft, compiled_entries.current())
            context |= {
                "verdict": verdict,
                "reasons": worded(verdict.reasons),
                "found": [(entry, entry.counts_in(draft.article_id, draft.section_id)) for entry in found],
            }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/comments/filterentry/try.html", context)


# --- What a backtest found, in words ------------------------------------------------------------------------------

_OF_THE_LAST = {
    "hold": _("Would have held %(found)s of %(all)s comments of the last %(days)s days."),
    "spam": _("Would have taken %(found)s of %(all)s comments of the last %(days)s days for spam."),
    "refuse": _("Would have put %(found)s of %(all)s comments of the last %(days)s days into the trash."),
    "ban": _("Would have refused %(found)s of %(all)s comments of the last %(days)s days."),
    "": _("Found in %(found)s of %(all)s comments of the last %(days)s days."),
}
_STOPPED = {
    "number": _("There are more. Only the newest were checked, back to %(when)s."),
    "time": _("Checking all of them would take too long. Only the newest were checked, back to %(when)s."),
}


def _backtest_context(result: Backtest, action: str) -> dict[str, Any]:
    """Return what the page shows of a backtest, for one action or (empty) for entries with several."""
    found, false = result.total.found, result.total.approved
    numbers = {"found": _grouped(found), "all": _grouped(result.looked_at), "days": _grouped(result.days)}
    alarms = ngettext(
        "A person has approved %s of them: a false alarm.",
        "A person has approved %s of them: false alarms.",
        false,
    )
    each = [(pattern, counts) for pattern, counts in result.each if counts.found]
    return {
        "sentence": _OF_THE_LAST[action] % numbers,
        "alarms": alarms % _grouped(false) if false else _("None of them was approved by a person.") if found else "",
        "stopped": _stopped(result),
        "each": sorted(each, key=lambda pair: -pair[1].found)[:LISTED] if len(result.each) > 1 else [],
        "newest": [(comment, Comment.Status(comment.status).label) for comment in result.newest],
        "left_out": found - len(result.newest),
        "found": found,
    }


def _stopped(result: Backtest) -> str:
    if not result.stopped:
        return ""
    when = date_format(localtime(result.reached), "DATETIME_FORMAT") if result.reached else "–"
    return _STOPPED[result.stopped] % {"when": when}


def _found(entry: FilterEntry) -> str:
    if not entry.last_hit_at:
        return gettext("Not found so far.")
    said = ngettext("Found %(hits)s time, last on %(day)s.", "Found %(hits)s times, last on %(day)s.", entry.hits)
    return said % {"hits": _grouped(entry.hits), "day": date_format(localtime(entry.last_hit_at))}


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def _days(typed: str) -> int:
    """Return how many days to look back, whatever was typed."""
    days = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else DAYS
    return min(max(days, 1), MOST_DAYS)
