"""Articles in the admin. See also `site_admin` and `picture_admin`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from articles import publishing
from articles.models.article import Article, Byline, SourceAttribution
from articles.models.taxonomy import Author
from articles.newsroom import picture_chooser
from articles.newsroom.article_form import TEXT, ArticleForm
from articles.newsroom.picture_admin import thumbnail
from articles.newsroom.publish_actions import MovesArticles, where_it_is_read
from articles.newsroom.site_admin import KeepsRelated, NamedCells, columns
from articles.picture_fetching import fetch_later

State = Article.State


class BylineInline(KeepsRelated, admin.TabularInline):
    model = Byline
    formset = NamedCells
    fields = ["author", "role", "position"]
    autocomplete_fields = ["author"]

    def get_extra(self, request: HttpRequest, obj: Article | None = None, **kwargs: Any) -> int:
        return 0 if obj else 1


class SourceInline(admin.TabularInline):
    model = SourceAttribution
    formset = NamedCells
    fields = ["kind", "name", "url", "position"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    extra = 0


@admin.register(Article)
class ArticleAdmin(KeepsRelated, MovesArticles):
    """Writing and publishing. Articles are never deleted here, only withdrawn."""

    form = ArticleForm
    inlines = [BylineInline, SourceInline]
    fieldsets = [
        (None, {"fields": ["state_shown", "headline", "slug", ("kind", "section"), "standfirst", "body"]}),
        (_("Picture and tags"), {"fields": ["lead_picture", "picture_shown", "tags"]}),
        (
            _("Publication"),
            {
                "fields": [
                    "scheduled_for",
                    ("published_at", "published_on"),
                    "withdrawn_reason",
                    "language",
                    ("revision", "updated_at"),
                ]
            },
        ),
        (_("Comments"), {"fields": ["takes_comments", "comments_close_at", "comment_count"]}),
    ]
    readonly_fields = [
        "picture_shown", "state_shown", "published_at", "published_on", "withdrawn_reason", "revision", "updated_at",
        "comment_count",
    ]  # fmt: skip
    autocomplete_fields = ["lead_picture", "tags"]
    list_display = ["headline", "state_shown", "section", "names", "planned", "time"]
    list_filter = ["state", "section", "authors", "kind"]
    list_select_related = ["section"]
    list_per_page = 50
    search_fields = ["headline", "standfirst", "body"]
    show_full_result_count = False
    ordering = ["-pk"]
    save_on_top = False

    def get_urls(self) -> list[URLPattern]:
        choose = self.admin_site.admin_view(picture_chooser.choose)
        return [path("pictures/", choose, name="articles_article_pictures"), *super().get_urls()]

    # Permissions.

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Authors see only articles under their own name, so without one they could not see what they add."""
        return super().has_add_permission(request) and (_sees_all(request) or _name_of(request) is not None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """All articles for editors, for authors those under their name, and the published ones for read-only users."""
        rows = super().get_queryset(request).prefetch_related("bylines__author")
        if _sees_all(request):
            return rows
        if request.user.has_perm("articles.change_article"):
            return rows.filter(pk__in=Byline.objects.filter(author__user=request.user.pk).values("article_id"))
        return rows.filter(state=State.PUBLISHED)

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> list[str]:
        fixed = list(self.readonly_fields)
        if obj and obj.published_on:
            fixed += ["slug", "kind"]  # Its address is permanent.
        if not self.has_publish_permission(request):
            fixed.append("scheduled_for")
        return fixed

    def get_prepopulated_fields(self, request: HttpRequest, obj: Article | None = None) -> dict[str, Any]:
        return {} if obj and obj.published_on else {"slug": ["headline"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if super().has_add_permission(request) and not self.has_add_permission(request):
            sentence = _("No author’s name is linked to your account yet. An editor can do that under “Authors”.")
            messages.info(request, sentence)
        return super().changelist_view(request, extra_context)

    # The list and the form.

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, article: Article) -> str:
        return format_html('<span class="state state-{}">{}</span>', article.state, article.get_state_display())

    @admin.display(description=_("authors"))
    def names(self, article: Article) -> str:
        return ", ".join(byline.author.name for byline in article.bylines.all())

    @admin.display(description=_("scheduled for"), ordering="scheduled_for")
    def planned(self, article: Article) -> str:
        return _moment(article.scheduled_for)

    @admin.display(description=_("published"), ordering="published_at")
    def time(self, article: Article) -> str:
        return _moment(article.published_at)

    @admin.display(description=_("how it looks"))
    def picture_shown(self, article: Article) -> str:
        return thumbnail(article.lead_picture)

    def view_on_site(self, obj: Article) -> str:
        return where_it_is_read(obj)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Article | None = None,
    ) -> HttpResponse:
        context |= {
            "show_save_and_add_another": False,
            **self.offered(request, obj, popup=bool(context.get("is_popup"))),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Saving.

    def save_model(self, request: HttpRequest, obj: Article, form: forms.ModelForm, change: bool) -> None:
        if getattr(form, "pictures_left_out", False):
            sentence = _(
                "A pasted picture was left out of the text, because it is not stored on this site. Please upload it."
            )
            messages.warning(request, sentence)
        # Save only the form's fields: counts and versions may have changed since it was opened.
        if change:
            implied = {"takes_comments"} if "kind" in form.changed_data else set()
            obj.save(update_fields=[name for name in {*form.changed_data, *implied} if name in columns(obj)])
        else:
            obj.save()

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        article = form.instance
        if not _sees_all(request) and (author := _name_of(request)):
            # Authors see only articles under their name, so they get a byline.
            if not article.bylines.filter(author=author).exists():
                Byline.objects.create(article=article, author=author)
        if change and (form.changed_data or any(formset.has_changed() for formset in formsets)):
            publishing.note_change(article, text=bool(TEXT & set(form.changed_data)))
        if "body" in form.changed_data and fetch_later(article):
            sentence = _(
                "A picture in the text is on another site. It is fetched in a moment; until then, readers see a link."
            )
            messages.info(request, sentence)


def _moment(at: dt.datetime | None) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else "–"


def _sees_all(request: HttpRequest) -> bool:
    return request.user.has_perm("articles.change_any_article")


def _name_of(request: HttpRequest) -> Author | None:
    return Author.objects.filter(user=request.user.pk).first()
