"""Article settings in the admin: a page for each article, linked from the article's form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from articles.newsroom.article_admin import ArticleAdmin
from comments.desk.sentence_forms import InSentences
from comments.models import ArticleSettings
from comments.models.permissions import moderates
from comments.screening import article_settings
from newsreader.accounts.identities import signed_in_user
from newsreader.kit.numbers import read_id


@admin.register(ArticleSettings)
class ArticleSettingsAdmin(InSentences):
    """Settings of one article's discussion. Every article has a page here; the list shows those that differ."""

    empty = _("Every discussion follows the comment settings. An article’s own are linked from its form.")
    sentences = {
        "slow_seconds": _("Slow mode: let each person comment once every %(field)s seconds"),
        "members_only": _("Only people who are signed in may reply"),
        "hold_everything": _("Hold every comment for review"),
        "close_after_days": _("Close comments %(field)s days after publication"),
    }

    fields = ["article_shown", *article_settings.SETTINGS, "surge_shown"]
    readonly_fields = ["article_shown", "surge_shown"]
    list_display = ["article_shown", *article_settings.SETTINGS, "surge"]
    list_filter = ["surge", "members_only", "hold_everything"]
    list_select_related = ["article"]
    search_fields = ["article__headline"]
    show_full_result_count = False
    ordering = ["-surge", "-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or moderates(request.user, obj.article))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ArticleSettings]:
        return super().get_queryset(request).select_related("article").defer("article__body")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ArticleSettings | None:
        article_id = read_id(object_id)
        if article_id is None:
            return None
        if found := super().get_object(request, object_id, from_field):
            return found
        article = Article.objects.filter(pk=article_id).defer("body").first()
        return ArticleSettings(article=article) if article else None

    def save_model(self, request: HttpRequest, obj: ArticleSettings, form: forms.ModelForm, change: bool) -> None:
        wanted = {name: form.cleaned_data[name] for name in article_settings.SETTINGS}
        article_settings.change(obj.pk, by=signed_in_user(request), **wanted)

    def view_on_site(self, obj: ArticleSettings) -> str:
        return f"{obj.article.get_absolute_url()}#comments"

    @admin.display(description=_("article"))
    def article_shown(self, row: ArticleSettings) -> str:
        return row.article.headline

    @admin.display(description=_("surge"))
    def surge_shown(self, row: ArticleSettings) -> str:
        if not row.surge or not row.surge_since:
            return str(row.get_surge_display())
        since = date_format(localtime(row.surge_since), "SHORT_DATETIME_FORMAT")
        facts = {"state": row.get_surge_display(), "since": since} | row.surge_facts
        sentence = _(
            "%(state)s since %(since)s: %(comments)s comments, %(refusals)s of them refused, in ten minutes; "
            "usual are up to %(usual_comments)s"
        )
        try:
            return str(sentence % facts)
        except KeyError:
            return f"{row.get_surge_display()}, {since}"


class ArticleWithSettingsAdmin(ArticleAdmin):
    """The article admin, with a link to the article's discussion settings."""

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "discussion_link"]

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not request.user.has_perm("comments.view_articlesettings"):
            return fieldsets
        *others, (title, options) = fieldsets
        return [*others, (title, {**options, "fields": [*options["fields"], "discussion_link"]})]

    @admin.display(description=_("discussion"))
    def discussion_link(self, article: Article) -> str:
        address = reverse("admin:comments_articlesettings_change", args=[article.pk])
        return format_html('<a href="{}">{}</a>', address, _("Slow mode, members only, closing …"))
