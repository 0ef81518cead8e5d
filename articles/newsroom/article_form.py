"""The form of an article."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy, slugify
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from articles import formatting, publishing
from articles.errors import AddressTaken
from articles.models.article import Article
from articles.newsroom.editor_widget import RichText, Text
from newsreader.kit.text import tidy_line

State = Article.State
TEXT = {"headline", "standfirst", "body"}


def _name_halves(field: forms.Field) -> None:
    """Label the date and the time input separately: Django shows a word beside each but labels neither."""
    for half, part in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
        half.attrs["aria-label"] = format_lazy("{}, {}", field.label, part)


class OpenOrNot(forms.NullBooleanSelect):
    """Whether a new article is open for comments; by default its kind decides."""

    def __init__(self, attrs: dict[str, Any] | None = None):
        super().__init__(attrs)
        self.choices = [("unknown", _("articles yes, pages no")), ("true", _("yes")), ("false", _("no"))]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> bool | None:
        """As in Django; what a ticked box would send is yes, too."""
        return True if data.get(name) == "on" else super().value_from_datadict(data, files, name)


class ArticleForm(forms.ModelForm):
    """An article as it is typed. An empty slug is made from the headline; the text is sanitised."""

    pictures_left_out = False  # Pasted pictures that exist only in the text, or on the editor's computer.

    class Meta:
        model = Article
        fields = "__all__"  # noqa: DJ007  The fieldsets of ArticleAdmin name them.
        widgets = {
            "headline": forms.TextInput(attrs={"class": "vLargeTextField headline"}),
            "standfirst": Text(attrs={"rows": 3}),
            "body": RichText(attrs={"rows": 28, "class": "vLargeTextField body-text", "spellcheck": "true"}),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False
        if self.instance.pk is None and "takes_comments" in self.fields:
            self.fields["takes_comments"] = forms.NullBooleanField(
                label=self.fields["takes_comments"].label, required=False, widget=OpenOrNot, initial=None
            )
            self.initial.pop("takes_comments", None)
        for name in ("scheduled_for", "comments_close_at"):
            if name in self.fields:
                _name_halves(self.fields[name])

    def clean_headline(self) -> str:
        if headline := tidy_line(self.cleaned_data["headline"]):
            return headline
        raise ValidationError(self.fields["headline"].error_messages["required"], code="required")

    def clean_slug(self) -> str:
        made = slugify(self.cleaned_data.get("headline", ""), allow_unicode=True)[:200].strip("-")
        return self.cleaned_data["slug"] or made or "article"

    def clean_body(self) -> str:
        typed = self.cleaned_data["body"]
        text = formatting.sanitise(typed)
        self.pictures_left_out = text.count("<img") < typed.lower().count("<img")
        return text

    def clean_takes_comments(self) -> bool:
        """Where nothing is said, or only the kind changes, the kind decides."""
        said, kind = self.cleaned_data["takes_comments"], self.cleaned_data.get("kind", self.instance.kind)
        is_kind_new = bool(self.instance.pk) and kind != self.instance.kind
        if said is None or (is_kind_new and said == self.initial.get("takes_comments")):
            return Article.takes_comments_by_default(kind)
        return bool(said)

    def clean_scheduled_for(self) -> Any:
        """A scheduled article must keep a time."""
        at, before = self.cleaned_data["scheduled_for"], self.instance.scheduled_for
        if at and before and localtime(at) == localtime(before):
            return before  # Of an hour that comes twice, it may be the second.
        if at or self.instance.state != State.SCHEDULED:
            return at
        if {"_publish", "_draft"} & set(self.data):
            return self.instance.scheduled_for
        raise ValidationError(_("A scheduled article needs a time. “Back to draft” unschedules it."), code="required")

    def clean(self) -> dict[str, Any] | None:
        """A scheduled article must be able to appear: its address must be free on its day."""
        cleaned = super().clean()
        if self.instance.state == State.SCHEDULED and "_draft" not in self.data and not self.errors:
            names = ("kind", "slug", "scheduled_for")
            changed = {name: self.cleaned_data.get(name, getattr(self.instance, name)) for name in names}
            try:
                publishing.refuse_taken_address(
                    Article(pk=self.instance.pk, published_on=self.instance.published_on, **changed)
                )
            except AddressTaken as refusal:
                where = "slug" if "slug" in self.fields else None
                self.add_error(where, ValidationError(str(refusal), code=refusal.code))
        return cleaned
