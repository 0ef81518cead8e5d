"""The site, sections, tags, authors and old addresses in the admin."""

from __future__ import annotations

import datetime as dt
import re
from functools import partial
from typing import Any, cast

from django import forms
from django.conf import settings
from django.conf.global_settings import LANGUAGES
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from articles import page_versions, pictures
from articles.errors import NotATag
from articles.models.article import Redirect
from articles.models.site import MenuItem, Site
from articles.models.taxonomy import Author, Section, Tag
from articles.tagging import free_slug, tag_name
from newsreader.kit.admin_inputs import SoundChoices
from newsreader.kit.images import NotAPicture
from newsreader.kit.text import is_unseen, tidy_name

ROWS = 50  # rows of a table within a form: bylines, sources, the menu
ACCEPTED = "image/png,image/jpeg,image/webp,image/avif,image/gif,image/heic,image/tiff"  # of the dialog; not SVG
LISTED = 200  # rows of an editable list saved at once: twice as many as a page shows


class Singleton(admin.ModelAdmin):
    """A model with one row: its list redirects to that row, which can be neither added nor deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        row = self.model._default_manager.current()
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return super().changeform_view(request, object_id, form_url, {"is_only": True} | (extra_context or {}))


class OnManyPages(admin.ModelAdmin):
    """Something shown on many pages: each change bumps the site's page version, in the same transaction."""

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:
        # Save only the form's fields: the page version must not be set back to its value when the form was opened.
        if change:
            obj.save(update_fields=self.changed(obj, form))
        else:
            obj.save()
        page_versions.bump_site()

    def changed(self, obj: models.Model, form: forms.ModelForm) -> list[str]:
        """Return the columns to save."""
        return [name for name in form.changed_data if name in columns(obj)]

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        super().delete_model(request, obj)
        page_versions.bump_site()

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().delete_queryset(request, queryset)
        page_versions.bump_site()


def columns(row: models.Model) -> set[str]:
    """Return the names of a row's own columns."""
    return {field.name for field in row._meta.concrete_fields}


class KeepsRelated(SoundChoices):
    """Related rows can be edited and added from a form, but not deleted: an article's form deletes no section."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and hasattr(field.widget, "can_delete_related"):
            field.widget.can_delete_related = False
        return field


class NamedCells(forms.BaseInlineFormSet):
    """Rows of a table. Column heads do not label the inputs, so each input is labelled by column and row.

    There are at most ROWS of them: Django would spend a minute on a request that asks for two thousand.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        self.max_num = self.absolute_max = ROWS
        super().__init__(*args, **kwargs)

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            # Some inputs are wrapped with edit and add buttons.
            widget: Any = getattr(field.widget, "widget", field.widget)
            column = capfirst(str(field.label))
            widget.attrs["aria-label"] = (
                _("%(column)s, new row") % {"column": column}
                if index is None
                else _("%(column)s, row %(row)d") % {"column": column, "row": index + 1}
            )


class MenuInline(KeepsRelated, admin.TabularInline):
    """What the menu and the foot of every page show beside the sections and the pages."""

    model = MenuItem
    formset = NamedCells
    fields = ["place", "position", "section", "page", "address", "label"]
    extra = 1  # So that an entry is one click nearer, and needs no script.

    def get_formset(self, request: HttpRequest, obj: models.Model | None = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, form=MenuItemForm, **kwargs)


class MenuItemForm(forms.ModelForm):
    """An entry as it is typed. Its address is a path of this site, or a web or mail address."""

    class Meta:
        model = MenuItem
        fields = ["place", "position", "section", "page", "address", "label"]

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip()
        if address and not re.match(r"/(?![/\\])|https?://[^/]|mailto:.", address):
            raise ValidationError(_("An address begins with /, https:// or mailto:"), code="invalid")
        return address


class SiteForm(forms.ModelForm):
    """The site. Dates are written as in a variant of its language, which Django knows; a logo is drawn anew."""

    locale = forms.ChoiceField(required=False)
    colour = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    # Django's ImageField would decode the file first, without a limit.
    logo = forms.FileField(required=False, widget=AdminFileWidget(attrs={"accept": ACCEPTED}))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("locale", "colour", "logo"):
            field, column = self.fields[name], cast("models.Field", Site._meta.get_field(name))
            field.label, field.help_text = capfirst(str(column.verbose_name)), column.help_text
        locale: Any = self.fields["locale"]
        locale.choices = [("", "–"), *((code, f"{code}: {_example(code)}") for code in _variants())]
        logo: Any = self.fields["logo"]
        logo.widget.clear_checkbox_label = _("Remove")
        colour: Any = self.fields["colour"]
        colour.choices = [
            (value, format_html('<span class="swatch swatch-{}"></span> {}', value, label))
            for value, label in Site.Colour.choices
        ]

    def clean_colour(self) -> str:
        return self.cleaned_data["colour"] or self.instance.colour

    def clean_logo(self) -> Any:
        sent = self.cleaned_data["logo"]
        if not isinstance(sent, UploadedFile):
            return sent
        try:
            return pictures.logo(sent.read(), sent.name or "")
        except NotAPicture as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


def _variants() -> list[str]:
    primary = settings.LANGUAGE_CODE.partition("-")[0]
    return [code for code, _name in LANGUAGES if code.partition("-")[0] == primary]


def _example(code: str) -> str:
    with translation.override(code):
        return date_format(dt.datetime(2026, 1, 31, 18, 30), "DATETIME_FORMAT")


@admin.register(Site)
class SiteAdmin(KeepsRelated, Singleton, OnManyPages):
    form = SiteForm
    fieldsets = [
        (None, {"fields": ["name", "tagline", "footer", "locale", "lead", "articles_per_page"]}),
        (_("Look"), {"fields": ["colour", "shown", "logo"]}),
        (
            _("Menu and foot"),
            {
                "fields": ["own_menu_only", "own_foot_only"],
                "description": _(
                    "The menu shows the sections, the foot the pages; entries of your own are added to them. Hide and "
                    "reorder sections in their list. A section or page that is an entry of its own stands there alone."
                ),
            },
        ),
    ]
    readonly_fields = ["shown"]
    autocomplete_fields = ["lead"]
    inlines = [MenuInline]

    @admin.display(description=_("logo now"))
    def shown(self, site: Site) -> str:
        if not site.logo:
            return str(_("None: the name stands there."))
        return format_html('<img class="logo-shown logo-shown-{}" src="{}" alt="">', site.logo_tone, site.logo.url)

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        before = form.initial["logo"]
        if "logo" in form.changed_data:
            logo = form.cleaned_data["logo"] or pictures.Logo(b"")
            obj.logo_width, obj.logo_height, obj.logo_tone = logo.width or None, logo.height or None, logo.tone
            if before:
                # Nothing shows it any more; a page that is still open says the name.
                transaction.on_commit(partial(before.storage.delete, before.name), robust=True)
        super().save_model(request, obj, form, change)

    def changed(self, obj: models.Model, form: forms.ModelForm) -> list[str]:
        of_logo = ["logo_width", "logo_height", "logo_tone"] if "logo" in form.changed_data else []
        return super().changed(obj, form) + of_logo

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if any(formset.has_changed() for formset in formsets):
            page_versions.bump_site()


class SeenName(forms.ModelForm):
    """A name that can be seen: invisible characters alone are none."""

    def clean_name(self) -> str:
        name = tidy_name(self.cleaned_data["name"])
        if is_unseen(name):
            raise ValidationError(self.fields["name"].error_messages["required"], code="required")
        return name


class SectionRow(forms.ModelForm):
    """A section in the list. Column heads do not label the inputs, so each input brings its own label."""

    class Meta:
        model = Section
        fields = ["position", "in_menu"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}: {self.instance}"


@admin.register(Section)
class SectionAdmin(OnManyPages):
    empty = _("No sections yet. Each gets a page, a feed and a place in the menu.")
    form = SeenName
    list_display = ["name", "slug", "position", "in_menu"]
    list_editable = ["position", "in_menu"]
    prepopulated_fields = {"slug": ["name"]}

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, form=SectionRow, **kwargs)

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_formset(request, max_num=LISTED, absolute_max=LISTED, **kwargs)

    search_fields = ["name"]


class TagForm(forms.ModelForm):
    """A tag as it is typed: a name that no other has. Without an address it gets one that is free."""

    class Meta:
        model = Tag
        fields = ["name", "slug"]
        help_texts = {"slug": _("Empty: made from the name.")}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False

    def clean_name(self) -> str:
        try:
            name = tag_name(self.cleaned_data["name"])
        except NotATag as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None
        if "name" in self.changed_data and Tag.objects.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a tag with this name already."), code="unique")
        return name

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"] or free_slug(self.cleaned_data.get("name", ""))


@admin.register(Tag)
class TagAdmin(OnManyPages):
    empty = _("No tags yet. Add them here, or type them in an article’s form.")
    form = TagForm
    list_display = ["name", "slug"]
    search_fields = ["name"]


@admin.register(Author)
class AuthorAdmin(KeepsRelated, OnManyPages):
    empty = _("No authors yet. They are named above articles, and each has a page.")
    form = SeenName
    list_display = ["name", "slug", "user"]
    list_select_related = ["user"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["user"]
    search_fields = ["name", "user__username"]


@admin.register(Redirect)
class RedirectAdmin(KeepsRelated, admin.ModelAdmin):
    empty = _("No redirects yet. They lead from old addresses to what is there now.")
    list_display = ["path", "site", "article"]
    list_select_related = ["article"]
    autocomplete_fields = ["article"]
    search_fields = ["path", "article__headline"]
