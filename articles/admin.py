"""The editors' desk for articles. What stands around them is in `paper_admin` and `pictures_admin`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from articles import publishing
from articles.desk import MOVES, TEXT, ArticleForm
from articles.models import Article, Author, Byline, SourceAttribution
from articles.paper_admin import KeepsRelated, columns
from articles.pictures_admin import thumbnail
from newsreader.kit.errors import DomainError
from newsreader.kit.text import tidy

State = Article.State


class BylineInline(KeepsRelated, admin.TabularInline):
    model = Byline
    fields = ["author", "role", "position"]
    autocomplete_fields = ["author"]

    def get_extra(self, request: HttpRequest, obj: Article | None = None, **kwargs: Any) -> int:
        return 0 if obj else 1


class SourceInline(admin.TabularInline):
    model = SourceAttribution
    fields = ["kind", "name", "url", "position"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    extra = 0


@admin.register(Article)
class ArticleAdmin(KeepsRelated, admin.ModelAdmin):
    """Writing and publishing. Nothing is deleted here: what shall not be read is withdrawn."""

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
    list_display = ["headline", "state_shown", "section", "names", "time"]
    list_filter = ["state", "kind", "section"]
    list_select_related = ["section"]
    list_per_page = 50
    search_fields = ["headline", "standfirst", "body"]
    show_full_result_count = False
    ordering = ["-pk"]
    actions = ["publish_selected", "withdraw_selected"]
    save_on_top = False

    # Who may what.

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return False

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("articles.publish_article")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Somebody who sees only what bears their name needs a name: else their text would be out of sight at once."""
        return super().has_add_permission(request) and (_sees_all(request) or _name_of(request) is not None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """All for editors, for authors what bears their name, and for who only reads along what is published."""
        rows = super().get_queryset(request).prefetch_related("bylines__author")
        if _sees_all(request):
            return rows
        if request.user.has_perm("articles.change_article"):
            return rows.filter(pk__in=Byline.objects.filter(author__user=request.user.pk).values("article_id"))
        return rows.filter(state=State.PUBLISHED)

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> list[str]:
        fixed = list(self.readonly_fields)
        if obj and obj.published_on:
            fixed += ["slug", "kind"]  # Its address never changes.
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

    # What is shown.

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, article: Article) -> str:
        return format_html('<span class="state state-{}">{}</span>', article.state, article.get_state_display())

    @admin.display(description=_("authors"))
    def names(self, article: Article) -> str:
        return ", ".join(byline.author.name for byline in article.bylines.all())

    @admin.display(description=_("when"), ordering="published_at")
    def time(self, article: Article) -> str:
        at = article.scheduled_for if article.state == State.SCHEDULED else article.published_at
        return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else "–"

    @admin.display(description=_("how it looks"))
    def picture_shown(self, article: Article) -> str:
        return thumbnail(article.lead_picture)

    def view_on_site(self, obj: Article) -> str:
        """Its public address; what readers do not see is previewed."""
        return obj.get_absolute_url() if obj.state == State.PUBLISHED else f"/articles/{obj.pk}/preview/"

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Article | None = None,
    ) -> HttpResponse:
        state = obj.state if obj else State.DRAFT
        offered = {name: move.label for name, move in MOVES.items() if state in move.states}
        context |= {
            "moves": offered if self.has_publish_permission(request) and not context.get("is_popup") else {},
            "show_save_and_add_another": False,
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # What is saved.

    def save_model(self, request: HttpRequest, obj: Article, form: forms.ModelForm, change: bool) -> None:
        # Only what was typed: counts and versions move on while somebody has the form open.
        if change:
            obj.save(update_fields=[name for name in form.changed_data if name in columns(obj)])
        else:
            obj.save()

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        article = form.instance
        if not _sees_all(request) and (author := _name_of(request)):
            # Whoever sees only what bears their name keeps seeing this.
            if not article.bylines.filter(author=author).exists():
                Byline.objects.create(article=article, author=author)
        if change and (form.changed_data or any(formset.has_changed() for formset in formsets)):
            publishing.note_change(article, text=bool(TEXT & set(form.changed_data)))

    def response_add(self, request: HttpRequest, obj: Article, post_url_continue: str | None = None) -> HttpResponse:
        return self._moved(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Article) -> HttpResponse:
        return self._moved(request, obj) or super().response_change(request, obj)

    def _moved(self, request: HttpRequest, article: Article) -> HttpResponse | None:
        """Do what the pressed button says, after saving. A refusal is a message: what was typed is kept."""
        name = next((name for name in MOVES if f"_{name}" in request.POST), None)
        if name is None:
            return None
        if not self.has_publish_permission(request):
            raise PermissionDenied
        move = MOVES[name]
        if Article.objects.values_list("state", flat=True).get(pk=article.pk) not in move.states:
            messages.error(request, _("Your changes are saved. But the article’s state has changed in the meantime."))
        else:
            try:
                move.do(article, tidy(request.POST.get("_reason", ""))[:1000])
            except DomainError as refusal:
                sentence = _("Your changes are saved, nothing else: %s")
                messages.error(request, sentence % refusal)
            else:
                self.log_change(request, article, str(move.label))
                messages.success(request, move.done % article.headline)
        return HttpResponseRedirect(reverse("admin:articles_article_change", args=[article.pk]))

    @admin.action(description=_("Publish selected articles"), permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._move_each(request, queryset, "publish")

    @admin.action(description=_("Withdraw selected articles"), permissions=["publish"])
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._move_each(request, queryset, "withdraw")

    def _move_each(self, request: HttpRequest, queryset: QuerySet[Article], name: str) -> None:
        """Each stands alone: one that is refused stops no other."""
        move, moved = MOVES[name], 0
        for article in queryset.filter(state__in=move.states):
            try:
                move.do(article, "")
            except DomainError as refusal:
                messages.error(request, f"{article.headline}: {refusal}")
            else:
                self.log_change(request, article, str(move.label))
                moved += 1
        said = {
            "publish": ngettext("%d article published.", "%d articles published.", moved),
            "withdraw": ngettext("%d article withdrawn.", "%d articles withdrawn.", moved),
        }
        messages.success(request, said[name] % moved)


def _sees_all(request: HttpRequest) -> bool:
    return request.user.has_perm("articles.change_any_article")


def _name_of(request: HttpRequest) -> Author | None:
    return Author.objects.filter(user=request.user.pk).first()
