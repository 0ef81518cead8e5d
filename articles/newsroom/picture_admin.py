"""Pictures in the admin."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from articles import pictures
from articles.models.article import Article
from articles.models.pictures import Picture
from newsreader.kit.images import NotAPicture


def thumbnail(picture: Picture | None) -> str:
    """Return a small picture as HTML; a dash where there is none."""
    if picture is None or not picture.file:
        return "–"
    return pictures.markup(picture, "24rem", css_class="thumbnail")


class PictureForm(forms.ModelForm):
    """A picture as it is uploaded. It is stored redrawn from its pixels, whatever its name or type."""

    # Django's ImageField would decode the file first, without a limit.
    file = forms.FileField(label=_("File"), widget=forms.ClearableFileInput(attrs={"accept": "image/*"}))

    focal_x = forms.IntegerField(label=_("Focal point, from the left"), required=False, min_value=0, max_value=100)
    focal_y = forms.IntegerField(label=_("Focal point, from the top"), required=False, min_value=0, max_value=100)

    class Meta:
        model = Picture
        fields = ["file", "alternative_text", "caption", "credit", "focal_x", "focal_y"]
        help_texts = {"alternative_text": _("Describe the picture for people who can’t see it.")}
        widgets = {
            "alternative_text": forms.Textarea(attrs={"rows": 2}),
            "caption": forms.Textarea(attrs={"rows": 2}),
        }

    def clean_focal_x(self) -> int:
        return self._or_middle("focal_x")

    def clean_focal_y(self) -> int:
        return self._or_middle("focal_y")

    def _or_middle(self, name: str) -> int:
        typed = self.cleaned_data[name]
        return 50 if typed is None else int(typed)

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        if not isinstance(sent, UploadedFile):
            return sent
        try:
            return pictures.redrawn(sent.read(), sent.name or "")
        except NotAPicture as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


@admin.register(Picture)
class PictureAdmin(admin.ModelAdmin):
    """Pictures with their texts for readers. A change counts as a change of the articles that show them."""

    empty = _("No pictures yet. Upload one here, or drop it onto an article.")
    form = PictureForm
    fields = ["file", "shown", "alternative_text", "caption", "credit", ("focal_x", "focal_y"), "led_articles"]
    readonly_fields = ["shown", "led_articles"]
    list_display = ["shown", "__str__", "credit", "created_at"]
    list_display_links = ["shown", "__str__"]
    list_per_page = 50
    search_fields = ["caption", "alternative_text", "credit", "file"]
    ordering = ["-pk"]

    class Media:
        js = [Script("focal.js", defer=True)]  # The form is there by then.

    def get_fields(self, request: HttpRequest, obj: Picture | None = None) -> list[Any]:
        """Only those who see every article are shown unpublished headlines."""
        sees_all = request.user.has_perm("articles.change_any_article")
        return [name for name in self.fields if sees_all or name != "led_articles"]

    @admin.display(description=_("preview"))
    def shown(self, picture: Picture) -> str:
        return thumbnail(picture)

    @admin.display(description=_("lead picture of"))
    def led_articles(self, picture: Picture) -> str:
        rows = Article.objects.filter(lead_picture=picture.pk).order_by("-pk")[:20] if picture.pk else []
        links = ((reverse("admin:articles_article_change", args=[row.pk]), row.headline) for row in rows)
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "–"

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Picture, form: forms.ModelForm, change: bool) -> None:
        focus = ("focal_x", "focal_y")
        cut_anew = "file" in form.changed_data or any(form.cleaned_data[n] != form.initial.get(n) for n in focus)
        if cut_anew:
            obj.widths = None
        if remark := getattr(form.cleaned_data["file"], "remark", ""):
            messages.warning(request, remark)
        super().save_model(request, obj, form, change)
        pictures.renew_pages([obj.pk])
        if cut_anew:
            pictures.make_copies.enqueue(obj.pk)

    def delete_model(self, request: HttpRequest, obj: Picture) -> None:
        self.delete_queryset(request, Picture.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Picture]) -> None:
        """Delete rows and copies; the files stay, since texts may show them."""
        gone = list(queryset)
        pictures.renew_pages([picture.pk for picture in gone])
        super().delete_queryset(request, queryset)
        transaction.on_commit(partial(pictures.remove_copies, gone))
