"""ModelAdmins for comments, mails, the audit log and reply templates.

The admin opens on the queue (`queue_views`), which CommentAdmin registers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db import models
from django.db.models import Count, OuterRef, QuerySet, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from comments.audit.refusal_reasons import choices
from comments.desk import audit_facts, sentences
from comments.desk.article_settings_admin import ArticleWithSettingsAdmin
from comments.desk.cards import plain_card
from comments.desk.filters import seen_in
from comments.desk.status_actions import STATUS_ACTIONS, summary
from comments.models import AuditEntry, Comment, ReplyTemplate
from comments.models.permissions import may_moderate, moderates_everything
from comments.models.querysets import CommentQuerySet
from comments.moderation.batches import decide_batch
from comments.text.excerpts import excerpt
from newsreader.kit.admin_lists import AsSelect
from newsreader.kit.errors import DomainError

Status = Comment.Status
PAGE = 50  # comments


# --- The desk -----------------------------------------------------------------------------------------------------


class ReasonField(forms.ChoiceField):
    """The choice of reasons. Values that are not offered pass: the operation refuses them with a better error."""

    def valid_value(self, value: str) -> bool:
        return True


class ReasonForm(ActionForm):
    """The list's action bar, with a reason."""

    reason = ReasonField(label=_("Reason"), choices=choices, required=False)


class ReadOnly(admin.ModelAdmin):
    """A ModelAdmin whose rows can be viewed, but not added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def _list_action(name: str) -> Any:
    """Return the action of the admin list that does what this button of the desk does."""

    @admin.action(description=STATUS_ACTIONS[name].in_list, permissions=["moderate"])
    def act(model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        chosen = Comment.objects.moderated_by(request.user).filter(pk__in=queryset.order_by().values("pk"))
        user: Any = request.user
        reason, seen = request.POST.get("reason", ""), seen_in(request.POST)
        try:
            batch = decide_batch(chosen, STATUS_ACTIONS[name].status, by=user, reason=reason, seen=seen)
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return
        for level, sentence in summary(batch):
            messages.add_message(request, level, sentence)

    act.__name__ = name  # Django's name of the action.
    return act


@admin.register(Comment)
class CommentAdmin(ReadOnly):
    """The list and page of every comment. No field is editable: a status changes by a decision."""

    fieldsets = [
        (None, {"fields": ["text_shown", "status", "history", "article", "parent", "kind", "created_at", "edited_at"]}),
        (_("Who and from where"), {"fields": ["name", "identity", "website", "email", "address", "user_agent"]}),
        (
            _("More"),
            {
                "classes": ["collapse"],
                "fields": [
                    "body", "channel", "by_staff", "language", "article_revision", "depth", "path", "reply_count",
                    "thread_count", "renderer",
                ],
            },
        ),
    ]  # fmt: skip
    readonly_fields = ["text_shown", "history", "email", "address", "user_agent"]
    empty = _("No comments yet.")
    list_display = ["excerpt", "shown_name", "article_link", "status", "age"]
    list_filter = ["status", "kind", "channel"]
    list_select_related = ["article"]
    list_per_page = 50
    search_fields = ["body", "name", "connection_data__email", "connection_data__address", "article__headline"]
    show_full_result_count = False
    ordering = ["-pk"]
    action_form = ReasonForm
    actions = [_list_action(name) for name in STATUS_ACTIONS]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_moderate(request.user)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return may_moderate(request.user)

    def get_queryset(self, request: HttpRequest) -> CommentQuerySet:
        rows = Comment.objects.moderated_by(request.user).defer("article__body", "article__standfirst")
        return rows.order_by(*self.ordering)

    # The list.

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        prefetch_related_objects(list(found.result_list), "decisions")
        return found

    def action_checkbox(self, comment: Comment) -> SafeString:
        """Send with a chosen comment the number of the last decision that was shown."""
        seen = max((decision.number for decision in comment.decisions.all()), default=0)
        return format_html(
            '{}<input type="hidden" name="seen" value="{}:{}">', super().action_checkbox(comment), comment.pk, seen
        )

    @admin.display(description=_("text"))
    def excerpt(self, comment: Comment) -> str:
        return excerpt(comment.body) or "–"

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, comment: Comment) -> str:
        return comment.shown_name

    @admin.display(description=_("article"))
    def article_link(self, comment: Comment) -> str:
        return format_html(
            '<a href="{}">{}</a>', comment.article.get_absolute_url(), excerpt(comment.article.headline, 60)
        )

    @admin.display(description=_("age"), ordering="created_at")
    def age(self, comment: Comment) -> str:
        at = comment.created_at
        exact = date_format(localtime(at), "DATETIME_FORMAT")
        return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, timesince(at))

    # The page of one.

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Comment | None:
        comment = super().get_object(request, object_id, from_field)
        if comment:
            prefetch_related_objects([comment], "decisions__by", "revisions")
        return comment

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"entry": plain_card(context["original"])}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("text"))
    def text_shown(self, comment: Comment) -> SafeString:
        # Safe: made by comments.text.formatting.
        return format_html('<div class="comment-text" dir="auto">{}</div>', mark_safe(comment.html))

    @admin.display(description=_("decisions"))
    def history(self, comment: Comment) -> str:
        return render_to_string("admin/comments/_history.html", {"entry": plain_card(comment)})

    @admin.display(description=_("email"))
    def email(self, comment: Comment) -> str:
        return _connection(comment, "email")

    @admin.display(description=_("IP address"))
    def address(self, comment: Comment) -> str:
        return _connection(comment, "shown_address")

    @admin.display(description=_("user agent"))
    def user_agent(self, comment: Comment) -> str:
        return _connection(comment, "user_agent")


def _connection(comment: Comment, name: str) -> str:
    """Return a value of the connection data; it is deleted after a while, so a comment may have none."""
    return getattr(getattr(comment, "connection_data", None), name, "") or "–"


# --- What stands behind it ----------------------------------------------------------------------------------------


class EventFilter(AsSelect, admin.AllValuesFieldListFilter):
    """The events that are on record, in words."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        known = sentences.events()
        for choice in super().choices(changelist):
            yield {**choice, "display": known.get(str(choice["display"]), choice["display"])}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """The audit log, read-only; `manage.py verify_log` checks its chain."""

    empty = _("Nothing has happened yet. Decisions, bans and changes of rules are recorded here.")
    fieldsets = [
        (None, {"fields": ["about", "who", "created_at", "facts_shown", "personal_shown"]}),
        (
            _("In the chain of the log"),
            {"classes": ["collapse"], "fields": ["number", "kind", "hash", "digest", "salt"]},
        ),
    ]
    readonly_fields = ["about", "who", "facts_shown", "personal_shown"]
    list_display = ["said", "about", "created_at", "number", "details"]
    list_filter = [("kind", EventFilter)]
    search_fields = ["=subject"]
    search_help_text = _("What an entry is about, for example: comment:12")
    ordering = ["-pk"]
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return moderates_everything(request.user)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        names = sentences.names_in(found.result_list)
        for entry in found.result_list:
            entry.sentence = sentences.of_entry(entry, names)
        return found

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        entry = self.get_object(request, object_id)
        named = {"subtitle": self.said(entry)} if entry else {}
        return super().change_view(request, object_id, *args, **kwargs | {"extra_context": named})

    @admin.display(description=_("what happened"))
    def said(self, entry: Any) -> str:
        if not hasattr(entry, "sentence"):  # On its own page.
            entry.sentence = sentences.of_entry(entry, sentences.names_in([entry]))
        return str(entry.sentence)

    @admin.display(description=_("details"))
    def details(self, entry: AuditEntry) -> str:
        """The facts in a line; of a decision, the sentence says all."""
        facts = [] if entry.kind == "decision" else audit_facts.lines(entry, entry.facts)
        return Truncator(", ".join(f"{fact.name}: {fact.value}" for fact in facts)).chars(160)

    @admin.display(description=_("about"))
    def about(self, entry: AuditEntry) -> str:
        kind, _colon, number = entry.subject.partition(":")
        if kind == "comment" and number.isdigit():
            address = reverse("admin:comments_comment_change", args=[number])
            return format_html('<a href="{}">{}</a>', address, audit_facts.about(entry.subject))
        return audit_facts.about(entry.subject) or "–"

    @admin.display(description=_("who"))
    def who(self, entry: AuditEntry) -> str:
        if not entry.by_account:
            return str(_("the site"))
        return sentences.names_in([entry]).get(entry.by_account) or str(_("a deleted account"))

    @admin.display(description=_("details"))
    def facts_shown(self, entry: AuditEntry) -> SafeString | str:
        return _in_lines(audit_facts.lines(entry, entry.facts))

    @admin.display(description=_("personal data"))
    def personal_shown(self, entry: AuditEntry) -> SafeString | str:
        return _in_lines(audit_facts.lines(entry, entry.personal))


def _in_lines(facts: list[audit_facts.Fact]) -> SafeString | str:
    shown = format_html_join("", '<div><dt>{}</dt><dd dir="auto">{}</dd></div>', facts)
    return format_html('<dl class="said-facts">{}</dl>', shown) if facts else "–"


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(admin.ModelAdmin):
    """Reply templates, for all who moderate."""

    list_display = ["title", "position"]
    empty = _("No templates yet. Write answers that moderators need often, and choose them when replying.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_moderate(request.user)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_moderate(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return moderates_everything(request.user)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return moderates_everything(request.user)

    has_delete_permission = has_change_permission


# Articles know nothing of comments, so their list gets the number of waiting comments here.
admin.site.unregister(Article)


@admin.register(Article)
class DiscussedArticleAdmin(ArticleWithSettingsAdmin):
    """The list of articles, with the number of waiting comments under each."""

    list_display = ["headline", "state_shown", "waiting", "section", "names", "time"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        waiting = Comment.objects.waiting().filter(article=OuterRef("pk")).order_by().values("article")
        size = waiting.annotate(size=Count("pk")).values("size")
        return super().get_queryset(request).annotate(waiting=Coalesce(Subquery(size), 0))

    @admin.display(description=_("waiting comments"), ordering="waiting")
    def waiting(self, article: Any) -> str:
        if not article.waiting:
            return "–"
        return format_html('<a href="{}?article={}">{}</a>', reverse("admin:moderation"), article.pk, article.waiting)
