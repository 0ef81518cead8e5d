"""Articles in the admin. See also `site_admin` and `picture_admin`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext_lazy as _

from articles import pictures, publishing
from articles.models.article import Article, Byline, Correction, SourceAttribution
from articles.models.taxonomy import Author
from articles.newsroom import picture_chooser
from articles.newsroom.article_form import TEXT, ArticleForm, LeadPicture
from articles.newsroom.editor_widget import Text
from articles.newsroom.publish_actions import MovesArticles, where_it_is_read
from articles.newsroom.site_admin import KeepsRelated, NamedCells, columns
from articles.newsroom.submissions import SubmitsArticles, WaitingFilter, is_waiting
from articles.picture_fetching import fetch_later
from newsreader.accounts.identities import signed_in_user

State = Article.State


class BylineInline(KeepsRelated, admin.StackedInline):
    model = Byline
    verbose_name, verbose_name_plural = _("author"), _("authors")
    formset = NamedCells
    fields = ["author", ("role", "position")]
    autocomplete_fields = ["author"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and hasattr(field.widget, "can_change_related"):
            field.widget.can_change_related = field.widget.can_view_related = False
        return field

    def get_extra(self, request: HttpRequest, obj: Article | None = None, **kwargs: Any) -> int:
        return 0 if obj else 1


class SourceInline(admin.StackedInline):
    model = SourceAttribution
    formset = NamedCells
    fields = ["kind", "name", "url", "position"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    extra = 0


class KindFilter(admin.SimpleListFilter):
    """Articles unless something else is asked for: pages such as the imprint stand apart."""

    title, parameter_name = _("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(Article.Kind.PAGE, _("Pages")), ("all", _("Articles and pages"))]

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        return [{**everything, "display": _("Articles")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> QuerySet[Article]:
        if self.value() == "all":
            return queryset
        return queryset.filter(kind=self.value() or Article.Kind.ARTICLE)


class CorrectionInline(KeepsRelated, admin.StackedInline):
    """What readers are told about errors. A change of it is in the article's history."""

    model = Correction
    formset = NamedCells
    fields = ["text", "at"]
    readonly_fields = ["at"]
    formfield_overrides = {models.TextField: {"widget": Text(attrs={"rows": 2, "cols": 60})}}
    extra = 1  # So that it needs no script.


@admin.register(Article)
class ArticleAdmin(KeepsRelated, SubmitsArticles, MovesArticles):
    """Writing and publishing. Articles are never deleted here, only withdrawn."""

    empty = _("No articles yet. “New article” begins one; it is a draft until it is published.")

    class Media:
        js = [Script("article.js", type="module")]

    form = ArticleForm
    inlines = [BylineInline, SourceInline, CorrectionInline]
    # In the order in which one writes. The classes say where the form shows each: see its template.
    fieldsets = [
        (None, {"classes": ["words"], "fields": ["headline", "standfirst", "body"]}),
        (None, {"classes": ["before-names"], "fields": ["section"]}),
        (None, {"classes": ["before-names"], "fields": ["lead_picture"]}),
        (None, {"classes": ["before-names"], "fields": ["tags"]}),
        (_("Publish later"), {"classes": ["later"], "fields": ["scheduled_for"]}),
        (_("Address, kind and language"), {"classes": ["more"], "fields": ["slug", "kind", "language"]}),
        (_("History"), {"classes": ["more", "history"], "fields": []}),
        (_("Comments"), {"classes": ["comments"], "fields": ["takes_comments", "comments_close_at"]}),
    ]
    history = ["published_at", "published_on", "withdrawn_reason", "revision", "updated_at", "comment_count"]
    readonly_fields = history
    autocomplete_fields = ["tags"]
    list_display = ["headline", "state_shown", "section", "names", "time"]
    list_filter = [WaitingFilter, KindFilter, "state", "section", "authors"]
    list_select_related = ["section", "submission"]
    list_per_page = 50
    search_fields = ["headline", "standfirst", "body"]
    show_full_result_count = False
    ordering = [F("published_at").desc(nulls_first=True), "-pk"]  # What is being written first, then the newest.
    save_on_top = False

    def get_urls(self) -> list[URLPattern]:
        choose = self.admin_site.admin_view(picture_chooser.choose)
        return [path("pictures/", choose, name="articles_article_pictures"), *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        """Leave out what a new article does not have yet, and what says nothing about this one."""
        told: list[Any] = [name for name in self.history if obj and getattr(obj, name) not in (None, "", 0)]
        shown = []
        for title, options in super().get_fieldsets(request, obj):
            if "history" in options["classes"]:
                options = {**options, "fields": told}
            if "later" in options["classes"] and (obj and obj.state == State.PUBLISHED):
                continue
            if options["fields"]:
                shown.append((title, options))
        return shown

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

    def get_inlines(self, request: HttpRequest, obj: Article | None) -> list[Any]:
        """Only what readers have seen can be corrected for them. A form that was opened before has no such rows."""
        has_rows = request.method != "POST" or "corrections-TOTAL_FORMS" in request.POST
        shown = bool(obj and obj.published_on and has_rows)
        return [each for each in self.inlines if shown or each is not CorrectionInline]

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
        if is_waiting(article):
            return format_html('<span class="state state-waiting">{}</span>', _("waiting for an editor"))
        return state_badge(article)

    @admin.display(description=_("authors"))
    def names(self, article: Article) -> str:
        return ", ".join(byline.author.name for byline in article.bylines.all())

    @admin.display(description=_("published"), ordering=F("published_at").desc(nulls_first=True))
    def time(self, article: Article) -> str:
        """When it was published, or will be."""
        return _moment(article.published_at or article.scheduled_for)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and hasattr(field.widget, "can_change_related"):
            field.widget.can_change_related = field.widget.can_view_related = (
                False  # One writes; the rest is elsewhere.
            )
        if field and db_field.name == "lead_picture":
            # Its box has ways of its own to add and change a picture.
            field.widget = LeadPicture()
            field.widget.may_add = request.user.has_perm("articles.add_picture")
            field.widget.choices = field.choices
        return field

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.may_make_tags = request.user.has_perm("articles.add_tag")  # type: ignore[attr-defined]
        return form

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """Put one's own name over a new article. Not where the form is sent: unchanged, it would not be stored."""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, BylineInline) and "data" not in kwargs and not obj.pk and (name := _name_of(request)):
            kwargs["initial"] = [{"author": name.pk}]
        return kwargs

    def view_on_site(self, obj: Article) -> str:
        return where_it_is_read(obj)

    def get_formset_instances(self, request: HttpRequest, article: Article, *, change: bool) -> list[Any]:
        """Return the tables under the form, as they were sent."""
        formsets, _inlines = self._create_formsets(request, article, change)  # type: ignore[attr-defined]
        return list(formsets)

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
            "badge": state_badge(obj or Article()),
            "may_add_picture": request.user.has_perm("articles.add_picture"),
            "may_change_picture": request.user.has_perm("articles.change_picture"),
            "zone": get_current_timezone_name(),
            **self.offered(request, obj, popup=bool(context.get("is_popup"))),
        }
        # With an address of its own, the form takes no fragment along: whoever followed a remark to a field sees the
        # top of the next page, and what it says.
        form_url = form_url or request.get_full_path()
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Saving.

    def save_model(self, request: HttpRequest, obj: Article, form: forms.ModelForm, change: bool) -> None:
        if getattr(form, "pictures_left_out", False):
            sentence = _(
                "A pasted picture was left out of the text, because it is not stored on this site. Please upload it."
            )
            messages.warning(request, sentence)
        if sent := getattr(form, "new_picture", None):
            if not request.user.has_perm("articles.add_picture"):
                raise PermissionDenied
            obj.lead_picture = sent.save()
            pictures.make_copies.enqueue(obj.lead_picture.pk)
            form.changed_data.append("lead_picture")
        # Save only the form's fields: counts and versions may have changed since it was opened.
        if change:
            implied = {"takes_comments"} if "kind" in form.changed_data else set()
            obj.save(update_fields=[name for name in {*form.changed_data, *implied} if name in columns(obj)])
        else:
            obj.save()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for each in formset.extra_forms if formset.model is Correction else ():
            each.instance.by = signed_in_user(request)
        super().save_formset(request, form, formset, change)
        if formset.model is Correction and formset.has_changed():
            publishing.note_corrections(form.instance)

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        article = form.instance
        if not _sees_all(request) and (author := _name_of(request)):
            # Authors see only articles under their name, so they get a byline.
            if not article.bylines.filter(author=author).exists():
                Byline.objects.create(article=article, author=author)
        if isinstance(form, ArticleForm):
            form.add_named(article)
        if change and (form.changed_data or any(formset.has_changed() for formset in formsets)):
            publishing.note_change(article, text=bool(TEXT & set(form.changed_data)))
        if "body" in form.changed_data and fetch_later(article):
            sentence = _(
                "A picture in the text is on another site. It is fetched in a moment; until then, readers see a link."
            )
            messages.info(request, sentence)


def state_badge(article: Article) -> str:
    """Return an article's state as HTML."""
    return format_html('<span class="state state-{}">{}</span>', article.state, capfirst(article.get_state_display()))


def _moment(at: dt.datetime | None) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else "–"


def _sees_all(request: HttpRequest) -> bool:
    return request.user.has_perm("articles.change_any_article")


def _name_of(request: HttpRequest) -> Author | None:
    return Author.objects.filter(user=request.user.pk).first()
