"""The editors' lists in the admin: entries, many at once where wanted, and a place to try them on a text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from comments.drafts import Author, Draft, Visit, tidied
from comments.models import CommentRules, Rule
from comments.posting import LONGEST
from comments.spam import judge
from comments.spam.normalise import plain
from comments.spam.rulebook import clean_domain, network_in
from comments.spam.words import matches
from comments.wording import worded

MANY = 5_000  # entries at once


class EntryForm(forms.ModelForm):
    """One entry; when new, a line each for as many as one likes."""

    entries = forms.CharField(
        label=_("what to look for"),
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One entry a line. All of them get what is chosen below."),
    )

    class Meta:
        model = Rule
        fields = ["pattern", "match", "action", "is_active", "note"]
        widgets = {"pattern": forms.TextInput(attrs={"size": 60})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        unused = "pattern" if self.instance.pk is None else "entries"
        self.fields.pop(unused, None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        match = cleaned.get("match", "")
        if "entries" in self.fields:
            lines = dict.fromkeys(line.strip() for line in cleaned.get("entries", "").splitlines())
            wanted = [line for line in lines if line]
            if len(wanted) > MANY:
                self.add_error("entries", _("At most %d entries at once.") % MANY)
            for line in wanted:
                self._check("entries", line, match)
            cleaned["wanted"] = wanted
            if wanted:
                self.instance.pattern = wanted[0]
        elif pattern := cleaned.get("pattern"):
            self._check("pattern", pattern, match)
        return cleaned

    def _check(self, name: str, entry: str, match: str) -> None:
        """Refuse what could never match, or would match everything."""
        if len(entry) > 200:
            self.add_error(name, _("An entry may have 200 characters: %s…") % entry[:40])
        elif match == Rule.Match.NETWORK and network_in(entry) is None:
            self.add_error(name, _("This is no address or network: %s") % entry)
        elif match == Rule.Match.DOMAIN and "." not in clean_domain(entry):
            self.add_error(name, _("This is no domain: %s") % entry)
        elif match in {Rule.Match.WORD, Rule.Match.SUBSTRING} and not plain(entry):
            self.add_error(name, _("Nothing is left to look for in this entry: %s") % entry)
        same = Rule.objects.filter(pattern=entry, match=match).exclude(pk=self.instance.pk)
        if name == "pattern" and same.exists():
            self.add_error(name, _("This entry is on the list already."))


class Trial(forms.Form):
    """A comment that is not posted: what would the rules say?"""

    text = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 8}), max_length=LONGEST)
    name = forms.CharField(label=_("Name"), required=False, max_length=245)
    email = forms.CharField(label=_("Email"), required=False, max_length=100)
    website = forms.CharField(label=_("Website"), required=False, max_length=200)
    address = forms.GenericIPAddressField(label=_("IP address"), required=False)

    def draft(self) -> Draft:
        value = self.cleaned_data
        author = Author(value["name"], value["email"], value["website"])
        return tidied(Draft(0, value["text"], author, visit=Visit(address=value["address"] or "")))


@admin.register(Rule)
class RuleAdmin(admin.ModelAdmin):
    """Words, domains and networks, and what follows where they are found."""

    form = EntryForm
    change_list_template = "admin/comments/rule/change_list.html"
    list_display = ["pattern", "match", "action", "is_active", "note", "changed_at"]
    list_filter = ["action", "match", "is_active"]
    list_per_page = 100
    search_fields = ["pattern", "note"]
    actions = ["put_in_force", "put_out_of_force"]

    def get_fields(self, request: HttpRequest, obj: Rule | None = None) -> list[Any]:
        return ["pattern" if obj else "entries", "match", "action", "is_active", "note"]

    def get_urls(self) -> list[URLPattern]:
        trial = self.admin_site.admin_view(self.try_view)
        return [path("try/", trial, name="comments_rule_try"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Rule, form: forms.ModelForm, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        values = {"match": obj.match, "action": obj.action, "is_active": obj.is_active, "note": obj.note}
        wanted = form.cleaned_data["wanted"]
        known = set(Rule.objects.filter(match=obj.match, pattern__in=wanted).values_list("pattern", flat=True))
        fresh = [pattern for pattern in wanted if pattern not in known]
        Rule.objects.bulk_create([Rule(pattern=pattern, **values) for pattern in fresh], ignore_conflicts=True)
        obj.pk = Rule.objects.get(pattern=wanted[0], match=obj.match).pk
        if known:
            said = ngettext("%d was on the list already.", "%d were on the list already.", len(known))
            messages.info(request, said % len(known))

    @admin.action(description=_("Put in force"), permissions=["change"])
    def put_in_force(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(queryset, on=True)

    @admin.action(description=_("Put out of force"), permissions=["change"])
    def put_out_of_force(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(queryset, on=False)

    def _switch(self, rows: Any, *, on: bool) -> None:
        rows.update(is_active=on, changed_at=timezone.now())  # Every process reads its list anew by this time.

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Say what the rules would make of a pasted text. Nothing is stored."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = Trial(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try the rules"),
            "form": form,
            "opts": Rule._meta,
        }
        if form.is_valid():
            draft = form.draft()
            verdict = judge(draft, CommentRules.objects.current())
            context |= {"verdict": verdict, "reasons": worded(verdict.reasons), "found": matches(draft)}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/comments/rule/try.html", context)
