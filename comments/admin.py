"""The moderators' desk: the queue of waiting comments, which the admin opens on, and what stands behind it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, OuterRef, QuerySet, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from articles.admin import ArticleAdmin
from articles.models import Article, Site
from articles.paper_admin import Singleton
from comments import rules_admin  # noqa: F401  Importing registers the lists.
from comments.desk import BUTTONS, DEEDS, RESTORE, counted, excerpt, found, ids_in, lay_out
from comments.models import Comment, CommentRules, Delivery
from comments.moderation import decide_many, status_before_removal
from comments.querysets import CommentQuerySet, may_moderate, moderates
from comments.wording import CHOICES
from newsreader.kit.pages import page_number
from newsreader.kit.text import tidy_line
from newsreader.kit.web import safe_next

Status = Comment.Status
PAGE = 50  # comments


# --- The desk -----------------------------------------------------------------------------------------------------


class ReasonForm(ActionForm):
    """The list's bar of actions, with a reason."""

    reason = forms.ChoiceField(label=_("Reason"), choices=list(CHOICES.items()), required=False)


class ReadOnly(admin.ModelAdmin):
    """What is looked at here, and neither written nor deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Comment)
class CommentAdmin(ReadOnly):
    """The queue, and the list and page of every comment. No field is written here: a status changes by a decision."""

    fieldsets = [
        (None, {"fields": ["text_shown", "status", "history", "article", "parent", "kind", "created_at", "edited_at"]}),
        (_("Who and from where"), {"fields": ["name", "identity", "website", "email", "address", "user_agent"]}),
        (
            _("More"),
            {
                "classes": ["collapse"],
                "fields": [
                    "body", "source", "by_staff", "language", "article_revision", "depth", "path", "reply_count",
                    "thread_count", "renderer",
                ],
            },
        ),
    ]  # fmt: skip
    readonly_fields = ["text_shown", "history", "email", "address", "user_agent"]
    list_display = ["excerpt", "shown_name", "article_link", "status", "age"]
    list_filter = ["status", "kind", "source"]
    list_select_related = ["article"]
    list_per_page = 50
    search_fields = ["body", "name", "trace__email", "trace__address", "article__headline"]
    show_full_result_count = False
    ordering = ["-pk"]
    action_form = ReasonForm
    actions = ["approve", "spam", "trash", "restore"]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_moderate(request.user)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return may_moderate(request.user)

    def get_queryset(self, request: HttpRequest) -> CommentQuerySet:
        rows = Comment.objects.moderated_by(request.user).defer("article__body", "article__standfirst")
        return rows.order_by(*self.ordering)

    # The queue.

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the queue (GET), or decide about what was chosen there and lead back to it (POST)."""
        if not may_moderate(request.user):
            raise PermissionDenied
        if request.method == "POST":
            self._decide(request)
            target = request.POST.get("next") or request.get_full_path()
            return HttpResponseRedirect(safe_next(request, target))

        status = request.GET.get("status", "")
        status = status if status in Status.values else Status.PENDING.value
        query = tidy_line(request.GET.get("q", ""))[:200]
        rows = found(Comment.objects.moderated_by(request.user), query)
        article = self._article(request)
        if article:
            rows = rows.filter(article=article)
        number = page_number(request)
        start = (number - 1) * PAGE
        entries = [lay_out(row) for row in self._listed(rows, status)[start : start + PAGE + 1]]
        if number > 1 and not entries:  # All of its comments are decided.
            kept = request.GET.copy()
            del kept["page"]
            return HttpResponseRedirect(f"{request.path}?{kept.urlencode()}")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Comments"),
            "entries": entries[:PAGE],
            "status": status,
            "query": query,
            "article": article,
            "tabs": [(value, label, counted(rows.filter(status=value))) for value, label in Status.choices],
            "reasons": CHOICES,
            "bulk": {name: DEEDS[name][1] for name in BUTTONS[Status(status)]},
            "earlier": number - 1,
            "later": number + 1 if len(entries) > PAGE else 0,
            "number": number,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/comments/queue.html", context)

    def _article(self, request: HttpRequest) -> Article | None:
        wanted = ids_in([request.GET.get("article", "")])
        article = Article.objects.filter(pk__in=wanted).defer("body").first() if wanted else None
        return article if article and moderates(request.user, article) else None

    def _listed(self, rows: CommentQuerySet, status: str) -> CommentQuerySet:
        """What waits longest stands first; of what is decided, the newest. Three more questions."""
        order = ["created_at", "pk"] if status == Status.PENDING else ["-created_at", "-pk"]
        rows = rows.filter(status=status).order_by(*order)
        rows = rows.select_related("article", "identity", "trace", "parent").prefetch_related(
            "decisions__by", "revisions"
        )
        return rows.defer("article__body", "article__standfirst", "parent__html")

    def _decide(self, request: HttpRequest) -> None:
        deed, ids = request.POST.get("action", ""), ids_in(request.POST.getlist("ids"))
        if deed not in DEEDS or request.POST.get("reason", "") not in CHOICES:
            messages.error(request, _("That was not understood, and nothing was changed."))
        elif not ids:
            messages.warning(request, _("No comment was chosen."))
        else:
            mine = Comment.objects.moderated_by(request.user).filter(pk__in=ids)
            if foreign := len(ids) - len(mine):
                said = ngettext_lazy(
                    "%d is not there, or not yours to decide about.", "%d are not there, or not yours to decide about."
                )
                messages.error(request, said % foreign)
            self._settle(request, mine, deed)

    def _settle(self, request: HttpRequest, rows: QuerySet[Comment], deed: str) -> None:
        """Decide about each of these, and say how many changed, had to stay, or were so already."""
        wanted: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            wanted[status_before_removal(row) if deed == RESTORE else DEEDS[deed][0]].append(row.pk)
        changed = refused = 0
        for status, ids in wanted.items():
            _batch, done, withdrawn = decide_many(ids, status, by=request.user, reason=request.POST.get("reason", ""))  # type: ignore[arg-type]
            changed, refused = changed + done, refused + withdrawn
        if changed:
            messages.success(request, DEEDS[deed][2] % changed)
        if refused:
            said = ngettext_lazy(
                "%d stays removed: its author withdrew it.", "%d stay removed: their authors withdrew them."
            )
            messages.warning(request, said % refused)
        if same := sum(map(len, wanted.values())) - changed - refused:
            messages.info(request, ngettext_lazy("%d was like that already.", "%d were like that already.") % same)

    # The list.

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

    def _act(self, request: HttpRequest, rows: QuerySet[Comment], deed: str) -> None:
        if request.POST.get("reason", "") in CHOICES:
            self._settle(request, rows, deed)

    @admin.action(description=_("Approve"), permissions=["moderate"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        self._act(request, queryset, "approve")

    @admin.action(description=_("Mark as spam"), permissions=["moderate"])
    def spam(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        self._act(request, queryset, "spam")

    @admin.action(description=_("Move to trash"), permissions=["moderate"])
    def trash(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        self._act(request, queryset, "trash")

    @admin.action(description=_("Restore"), permissions=["moderate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        self._act(request, queryset, RESTORE)

    # The page of one.

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Comment | None:
        comment = super().get_object(request, object_id, from_field)
        if comment:
            prefetch_related_objects([comment], "decisions__by", "revisions")
        return comment

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"entry": lay_out(context["original"]), "reasons": CHOICES}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("text"))
    def text_shown(self, comment: Comment) -> SafeString:
        # Safe: made by comments.formatting.
        return format_html('<div class="comment-text" dir="auto">{}</div>', mark_safe(comment.html))

    @admin.display(description=_("decisions"))
    def history(self, comment: Comment) -> str:
        return render_to_string("admin/comments/_history.html", {"entry": lay_out(comment)})

    @admin.display(description=_("email"))
    def email(self, comment: Comment) -> str:
        return _trace(comment, "email")

    @admin.display(description=_("IP address"))
    def address(self, comment: Comment) -> str:
        return _trace(comment, "address")

    @admin.display(description=_("user agent"))
    def user_agent(self, comment: Comment) -> str:
        return _trace(comment, "user_agent")


def _trace(comment: Comment, name: str) -> str:
    """Traces go after a while, so that a comment may be without one."""
    return getattr(getattr(comment, "trace", None), name, "") or "–"


# --- What stands behind it ----------------------------------------------------------------------------------------


@admin.register(CommentRules)
class CommentRulesAdmin(Singleton):
    """The rules of discussion; every page of articles depends on them."""

    fieldsets = [
        (_("Who may reply"), {"fields": ["require_name_email", "registration_required", "close_after_days"]}),
        (
            _("What waits for an editor"),
            {"fields": ["hold_everything", "hold_first_comment", "max_links", "fastest_seconds"]},
        ),
        (_("Limits"), {"fields": ["text_limit", "flood_burst", "flood_seconds"]}),
        (
            _("How discussions are shown"),
            {"fields": ["order", "roots_per_page", "replies_shown", "thread_page_size", "levels_shown"]},
        ),
        (_("Mails"), {"fields": ["mail_moderators", "mail_confirmations"]}),
    ]

    def save_model(self, request: HttpRequest, obj: CommentRules, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        Site.objects.touch()


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Mails that were or will be sent; for who runs the site."""

    list_display = ["event", "address", "created_at", "due_at", "attempts", "sent_at", "failure"]
    list_filter = ["event"]
    search_fields = ["address"]
    ordering = ["-pk"]
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)


# Articles know nothing of comments; here, one floor up, their list learns how many wait under each.
admin.site.unregister(Article)


@admin.register(Article)
class DiscussedArticleAdmin(ArticleAdmin):
    """The articles' list with the number of comments that wait under each."""

    list_display = ["headline", "state_shown", "waiting", "section", "names", "planned", "time"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        waiting = Comment.objects.waiting().filter(article=OuterRef("pk")).order_by().values("article")
        size = waiting.annotate(size=Count("pk")).values("size")
        return super().get_queryset(request).annotate(waiting=Coalesce(Subquery(size), 0))

    @admin.display(description=_("waiting"), ordering="waiting")
    def waiting(self, article: Any) -> str:
        if not article.waiting:
            return "–"
        return format_html('<a href="{}?article={}">{}</a>', reverse("admin:moderation"), article.pk, article.waiting)
