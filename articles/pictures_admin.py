"""The editors' desk for pictures."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from articles.models import Article, Picture


def thumbnail(picture: Picture | None) -> str:
    """Return a small view of a picture as HTML; a dash where there is none."""
    if picture is None or not picture.file:
        return "–"
    return format_html(
        '<img class="thumbnail" src="{}" alt="{}" loading="lazy">', picture.file.url, picture.alternative_text
    )


@admin.register(Picture)
class PictureAdmin(admin.ModelAdmin):
    """Pictures with what readers are told about them; a change shows on the articles that they lead."""

    fields = ["file", "shown", "alternative_text", "caption", "credit", "led_articles"]
    readonly_fields = ["shown", "led_articles"]
    list_display = ["shown", "__str__", "credit", "created_at"]
    list_display_links = ["shown", "__str__"]
    list_per_page = 50
    search_fields = ["caption", "alternative_text", "credit", "file"]
    ordering = ["-pk"]

    @admin.display(description=_("how it looks"))
    def shown(self, picture: Picture) -> str:
        return thumbnail(picture)

    @admin.display(description=_("leads"))
    def led_articles(self, picture: Picture) -> str:
        rows = Article.objects.filter(lead_picture=picture.pk).order_by("-pk")[:20] if picture.pk else []
        links = ((reverse("admin:articles_article_change", args=[row.pk]), row.headline) for row in rows)
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "–"

    def save_model(self, request: HttpRequest, obj: Picture, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        _renew_led_by([obj.pk])

    def delete_model(self, request: HttpRequest, obj: Picture) -> None:
        _renew_led_by([obj.pk])
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Picture]) -> None:
        _renew_led_by(list(queryset.values_list("pk", flat=True)))
        super().delete_queryset(request, queryset)


def _renew_led_by(picture_ids: list[int]) -> None:
    Article.objects.filter(lead_picture__in=picture_ids).update(page_version=F("page_version") + 1)
