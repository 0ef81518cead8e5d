"""The form of an article."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy, slugify
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from articles import formatting, publishing
from articles.errors import AddressTaken
from articles.models.article import Article
from articles.models.pictures import Picture
from articles.newsroom.editor_widget import RichText, Text
from articles.newsroom.picture_admin import PictureForm
from articles.newsroom.typed_names import TypedNames
from newsreader.kit.errors import Invalid
from newsreader.kit.text import tidy_line

State = Article.State
TEXT = {"headline", "standfirst", "body"}
NEW_PICTURE = "new_picture"  # the prefix of the fields of a picture that is sent with the article


def name_halves(field: forms.Field) -> None:
    """Label the date and the time input separately: Django shows a word beside each but labels neither."""
    for half, part in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
        half.attrs["aria-label"] = format_lazy("{}, {}", field.label, part)


class DateAndTime(AdminSplitDateTime):
    """A date and a time in the browser's own inputs, which phones and keyboards know; each with its label."""

    def __init__(self, attrs: dict[str, Any] | None = None):
        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        hour = forms.TimeInput(attrs={"type": "time"}, format="%H:%M:%S")
        forms.MultiWidget.__init__(self, [day, hour], attrs)


class LeadPicture(forms.Select):
    """The picture on top: a box to choose, send or drop one with script, a short list of the newest without."""

    template_name = "admin/articles/article/_lead_picture.html"
    OFFERED = 24  # pictures; a script's chooser shows all of them
    may_add = False  # Set by the admin, which knows who asks.

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As in Django, but with a few rows of the table instead of all. Two queries."""
        chosen = Picture.objects.filter(pk=value).first() if value else None
        newest = [row for row in Picture.objects.order_by("-pk")[: self.OFFERED] if row != chosen]
        attrs = self.build_attrs(self.attrs, attrs)
        widget = {"name": name, "attrs": attrs, "offered": [chosen, *newest] if chosen else newest}
        new = PictureForm(prefix=NEW_PICTURE) if self.may_add else None
        return {"widget": widget, "chosen": chosen, "new": new}


class OpenOrNot(forms.NullBooleanSelect):
    """Whether a new article is open for comments; by default its kind decides."""

    def __init__(self, attrs: dict[str, Any] | None = None):
        super().__init__(attrs)
        self.choices = [("unknown", _("Articles yes, pages no")), ("true", _("Yes")), ("false", _("No"))]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> bool | None:
        """As in Django; what a ticked box would send is yes, too."""
        return True if data.get(name) == "on" else super().value_from_datadict(data, files, name)


class ArticleForm(TypedNames, forms.ModelForm):
    """An article as it is typed. An empty slug is made from the headline; the text is sanitised.

    `new_picture`: the form of a picture that was sent with it, to be its lead picture; without script only.
    """

    pictures_left_out = False  # Pasted pictures that exist only in the text, or on the editor's computer.
    new_picture: PictureForm | None = None

    class Meta:
        model = Article
        fields = "__all__"  # noqa: DJ007  The fieldsets of ArticleAdmin name them.
        widgets = {
            "headline": Text(attrs={"rows": 1, "class": "vLargeTextField headline"}),
            "standfirst": Text(attrs={"rows": 3}),
            "body": RichText(attrs={"rows": 28, "class": "vLargeTextField body-text", "spellcheck": "true"}),
            "lead_picture": LeadPicture(),
        }
        labels = {
            "slug": _("Web address"),
            "scheduled_for": _("Publish at"),
            "takes_comments": _("Readers may comment"),
            "comments_close_at": _("Close comments at"),
        }
        help_texts = {
            "slug": _("Filled in for you."),
            "language": _("Leave empty for the site’s own language."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if f"{NEW_PICTURE}-file" in self.files:
            self.new_picture = PictureForm(self.data, self.files, prefix=NEW_PICTURE)
        if "slug" in self.fields:
            self.fields["slug"].required = False
        if self.instance.pk is None and "takes_comments" in self.fields:
            self.fields["takes_comments"] = forms.NullBooleanField(
                label=self.fields["takes_comments"].label, required=False, widget=OpenOrNot, initial=None
            )
            self.initial.pop("takes_comments", None)
        for name in ("scheduled_for", "comments_close_at"):
            if name in self.fields:
                self.fields[name].widget = DateAndTime()
                name_halves(self.fields[name])

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
        """A scheduled article must keep a time, and one that is about to be scheduled needs one that is to come."""
        at, before = self.cleaned_data["scheduled_for"], self.instance.scheduled_for
        if {"_publish", "_draft"} & set(self.data) and self.instance.state == State.SCHEDULED:
            return before
        if at and before and localtime(at) == localtime(before):
            at = before  # Of an hour that comes twice, it may be the second.
            if "_schedule" not in self.data:
                return at
        if "_schedule" not in self.data and self.instance.state != State.SCHEDULED:
            return at
        if not at and self.instance.state == State.SCHEDULED:
            sentence = _("A scheduled article needs a time. “Back to draft” unschedules it.")
            raise ValidationError(sentence, code="required")
        try:
            return publishing.time_ahead(at)
        except Invalid as refusal:
            (error,) = refusal.errors
            raise ValidationError(str(error.sentence), code=error.code) from None

    def clean(self) -> dict[str, Any] | None:
        """A scheduled article must be able to appear: its address must be free on its day."""
        cleaned = super().clean()
        if self.new_picture and not self.new_picture.is_valid():
            for errors in self.new_picture.errors.values():
                self.add_error("lead_picture" if "lead_picture" in self.fields else None, errors)
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
