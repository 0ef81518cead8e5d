"""An article on the desk: the form it is typed in and the buttons under it.

To add a button, add a line to MOVES; the deed itself lives in `articles.publishing`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from articles import formatting, publishing
from articles.models import Article
from newsreader.kit.text import tidy, tidy_line

State = Article.State
TEXT = {"headline", "standfirst", "body"}


class Move(NamedTuple):
    """A button under the form: from which states it leads, what it does and what it then says."""

    label: Promise
    done: Promise
    states: set[str]
    do: Callable[[Article, str], object]


MOVES = {
    "publish": Move(
        _("Publish"),
        _("“%s” is published."),
        {State.DRAFT, State.SCHEDULED, State.WITHDRAWN},
        lambda article, why: publishing.publish(article.pk),
    ),
    "schedule": Move(
        _("Schedule"),
        _("“%s” will be published when its time comes."),
        {State.DRAFT, State.SCHEDULED, State.WITHDRAWN},
        lambda article, why: publishing.schedule(article.pk, article.scheduled_for),
    ),
    "withdraw": Move(
        _("Withdraw"),
        _("“%s” is withdrawn; readers do not see it any more."),
        {State.PUBLISHED},
        lambda article, why: publishing.withdraw(article.pk, why),
    ),
    "draft": Move(
        _("Back to draft"),
        _("“%s” is a draft."),
        {State.SCHEDULED, State.WITHDRAWN},
        lambda article, why: publishing.back_to_draft(article.pk),
    ),
}


class Text(AdminTextareaWidget):
    """A text box whose line ends are ours, not the browser's: else every save would look like a change."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        value = super().value_from_datadict(data, files, name)
        return tidy(value) if isinstance(value, str) else value


class ArticleForm(forms.ModelForm):
    """An article as it is typed. An empty address is made from the headline; the text is sanitised."""

    class Meta:
        model = Article
        fields = "__all__"  # noqa: DJ007  The fieldsets of ArticleAdmin name them.
        widgets = {
            "headline": forms.TextInput(attrs={"class": "vLargeTextField headline"}),
            "standfirst": Text(attrs={"rows": 3}),
            "body": Text(attrs={"rows": 28, "class": "vLargeTextField body-text", "spellcheck": "true"}),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean_headline(self) -> str:
        if headline := tidy_line(self.cleaned_data["headline"]):
            return headline
        raise ValidationError(self.fields["headline"].error_messages["required"], code="required")

    def clean_slug(self) -> str:
        made = slugify(self.cleaned_data.get("headline", ""), allow_unicode=True)[:200].strip("-")
        return self.cleaned_data["slug"] or made or "article"

    def clean_body(self) -> str:
        return formatting.sanitise(self.cleaned_data["body"])

    def clean_scheduled_for(self) -> Any:
        """A scheduled article keeps a time for as long as it is one."""
        at = self.cleaned_data["scheduled_for"]
        if at or self.instance.state != State.SCHEDULED:
            return at
        if {"_publish", "_draft"} & set(self.data):
            return self.instance.scheduled_for
        raise ValidationError(_("A scheduled article needs a time. “Back to draft” unschedules it."), code="required")
