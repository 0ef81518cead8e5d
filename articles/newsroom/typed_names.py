"""Tags and authors that are typed by name, where no script offers them to choose from."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from articles.errors import NotATag
from articles.models.article import Article, Byline
from articles.models.taxonomy import Author, Tag
from articles.tagging import tag_name, tags_named

MOST = 50  # names in a field; a form has as many bylines


def names_in(typed: str) -> list[str]:
    """Return the names of a text in which commas, semicolons or lines stand between them, each once."""
    return list(dict.fromkeys(name for part in re.split(r"[,;\n]", typed) if (name := " ".join(part.split()))))


class TypedNames(forms.Form):
    """The fields `more_tags` and `more_authors` of an article's form. Only a page without script shows them."""

    more_tags = forms.CharField(
        required=False,
        strip=False,
        label=_("Add tags"),
        help_text=_("Names, with commas between them."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    more_authors = forms.CharField(
        required=False,
        strip=False,
        label=_("Add authors"),
        help_text=_("Names as in the list of authors, with commas between them."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    may_make_tags = True  # Set by the admin, which knows who asks.

    def clean_more_tags(self) -> list[str]:
        """Return the names; the tags are made when the article is saved."""
        try:
            names = [tag_name(name, field="more_tags") for name in _few(self.cleaned_data["more_tags"])]
        except NotATag as refusal:
            raise ValidationError(str(refusal), code=refusal.errors[0].code) from None
        if not self.may_make_tags:
            known = set(Tag.objects.filter(name__in=names).values_list("name", flat=True))
            for name in names:
                if name not in known:
                    raise ValidationError(_("There is no tag “%(name)s”."), code="unknown_tag", params={"name": name})
        return names

    def clean_more_authors(self) -> list[Author]:
        """Return the authors with these names, or with these web addresses where several share a name."""
        return [_author(name) for name in _few(self.cleaned_data["more_authors"])]

    def add_named(self, article: Article) -> None:
        """Give a stored article the tags and the authors that were typed, after those that it has."""
        typed: dict[str, Any] = self.cleaned_data
        if names := typed.get("more_tags"):
            article.tags.add(*tags_named(names, own=article.tags.all()))
        if authors := typed.get("more_authors"):
            last = article.bylines.aggregate(last=Max("position"))["last"]
            for position, author in enumerate(authors, start=0 if last is None else last + 1):
                Byline.objects.get_or_create(
                    article=article, author=author, role=Byline.Role.WRITER, defaults={"position": position}
                )


def _few(typed: str) -> list[str]:
    names = names_in(typed)
    if len(names) > MOST:
        raise ValidationError(_("That is more than %(most)d names."), code="too_many", params={"most": MOST})
    return names


def _author(name: str) -> Author:
    found = list(Author.objects.filter(name__iexact=name)[:10]) or list(Author.objects.filter(slug=name)[:1])
    if len(found) == 1:
        return found[0]
    if found:
        told = {"name": name, "addresses": ", ".join(author.slug for author in found)}
        sentence = _("Several authors are called “%(name)s”. Write one of these instead: %(addresses)s.")
        raise ValidationError(sentence, code="ambiguous_author", params=told)
    sentence = _("No author is called “%(name)s”. New ones are added under “Authors”.")
    raise ValidationError(sentence, code="unknown_author", params={"name": name})
