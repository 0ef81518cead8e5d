"""Publishing, scheduling and withdrawing articles in the admin: buttons under the form, actions of the list.

To add a button, add a line to MOVES; the operation itself is in `articles.publishing`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from articles import publishing
from articles.models.article import Article
from articles.newsroom import publish_checks
from newsreader.kit.errors import DomainError
from newsreader.kit.text import tidy

State = Article.State
KEPT = "_kept"  # the field with which a script names the copy that it keeps of what is typed


@dataclass(frozen=True)
class Reason:
    """Why an article is withdrawn, and whether readers are told."""

    text: str
    is_public: bool

    @classmethod
    def typed(cls, text: str, is_public: str) -> Reason:
        return cls(tidy(text)[:1000], bool(is_public))


class Move(NamedTuple):
    """A button under the form: the states it is offered in, what it does, and what is said afterwards.

    `to_readers`: publish checks are shown first.
    """

    label: Promise
    done: Promise
    states: set[str]
    do: Callable[[Article, Reason], object]
    to_readers: bool = False


MOVES = {
    "publish": Move(
        _("Publish"),
        _("Published."),
        {State.DRAFT, State.SCHEDULED, State.WITHDRAWN},
        lambda article, why: publishing.publish(article.pk),
        to_readers=True,
    ),
    "schedule": Move(
        _("Schedule"),
        _("Scheduled for %(time)s"),
        {State.DRAFT, State.SCHEDULED, State.WITHDRAWN},
        lambda article, why: publishing.schedule(article.pk, article.scheduled_for),
        to_readers=True,
    ),
    "withdraw": Move(
        _("Unpublish"),
        _("Unpublished. Readers can’t see it any more."),
        {State.PUBLISHED},
        lambda article, why: publishing.withdraw(article.pk, why.text, is_public=why.is_public),
    ),
    "draft": Move(
        _("Back to draft"),
        _("This is a draft again."),
        {State.SCHEDULED, State.WITHDRAWN},
        lambda article, why: publishing.back_to_draft(article.pk),
    ),
}


class WithdrawalForm(ActionForm):
    """The list's action bar, with the reason for a withdrawal."""

    reason = forms.CharField(label=_("Reason for unpublishing"), max_length=1000, required=False)
    reason_is_public = forms.BooleanField(label=_("Tell readers why"), required=False)


class MovesArticles(admin.ModelAdmin):
    """The buttons and actions. Publish checks are shown once before publication, and stop nobody."""

    action_form = WithdrawalForm
    actions = ["publish_selected", "withdraw_selected", "close_comments", "open_comments"]

    def offered(self, request: HttpRequest, obj: Article | None, *, popup: bool) -> dict[str, Any]:
        """Return the buttons and publish checks for an article's form."""
        state = obj.state if obj else State.DRAFT
        offered = {name: move.label for name, move in MOVES.items() if state in move.states}
        may_publish = self.has_publish_permission(request) and not popup
        pressed = request.GET.get("lacking", "")
        return {
            "moves": offered if may_publish else {},
            "reason": request.POST.get("_reason", ""),
            "reason_is_public": bool(request.POST.get("_reason_is_public")),
            "state": state,
            "kept": request.POST.get(KEPT, ""),
            # One button stands out: what this article is waiting for.
            "is_published_next": may_publish and state in {State.DRAFT, State.WITHDRAWN},
            "remarks": [(remark, _where(request, remark, obj)) for remark in publish_checks.remarks(obj)]
            if obj
            else [],
            "anyway": (pressed, offered[pressed]) if may_publish and pressed in offered else None,
        }

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("articles.publish_article")

    def response_add(self, request: HttpRequest, obj: Article, post_url_continue: str | None = None) -> HttpResponse:
        return self._moved(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Article) -> HttpResponse:
        return self._moved(request, obj) or super().response_change(request, obj)

    def _moved(self, request: HttpRequest, article: Article) -> HttpResponse | None:
        """Do what the chosen button says, after saving. A refusal becomes a message: what was typed is kept."""
        here = reverse("admin:articles_article_change", args=[article.pk])
        name = next((name for name in MOVES if f"_{name}" in request.POST), None)
        if name is None:
            where = where_it_is_read(article) if "_preview" in request.POST else here
            if where == here and "_continue" not in request.POST:
                return None
            self.message_user(request, _saved(article), messages.SUCCESS)
            return HttpResponseRedirect(where)
        if not self.has_publish_permission(request):
            raise PermissionDenied
        move = MOVES[name]
        article = Article.objects.select_related("lead_picture").get(pk=article.pk)
        time = article.scheduled_for
        # Without a time it cannot be scheduled, so there is nothing to check yet.
        looks = move.to_readers and request.POST[f"_{name}"] != "anyway" and not (name == "schedule" and not time)
        if article.state not in move.states:
            sentence = _("Your changes are saved. But the article’s state has changed in the meantime.")
            self.message_user(request, sentence, messages.ERROR)
        elif looks and publish_checks.remarks(article):
            self.message_user(request, _saved(article), messages.SUCCESS)
            return HttpResponseRedirect(f"{here}?lacking={name}")
        else:
            try:
                typed = request.POST.get("_reason", ""), request.POST.get("_reason_is_public", "")
                move.do(article, Reason.typed(*typed))
            except DomainError as refusal:
                sentence = _("Your changes are saved, nothing else: %s")
                self.message_user(request, sentence % refusal, messages.ERROR)
            else:
                self.log_change(request, article, str(move.label))
                article.refresh_from_db()
                at = article.scheduled_for
                told = move.done % {"time": date_format(localtime(at), "DATETIME_FORMAT") if at else ""}
                self.message_user(request, _with_link(told, article), messages.SUCCESS)
        return HttpResponseRedirect(here)

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: int | str = messages.INFO,
        extra_tags: str = "",
        fail_silently: bool = False,
    ) -> None:
        """As in Django; what is said of a form that was saved also names the copy that a browser may now forget."""
        kept = request.POST.get(KEPT, "")
        if re.fullmatch(r"[0-9a-f-]{36}", kept):
            extra_tags = f"{extra_tags} saved-{kept}".strip()
        super().message_user(request, message, level, extra_tags, fail_silently)

    @admin.action(description=_("Publish selected articles"), permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._move_each(request, queryset, "publish")

    @admin.action(description=_("Unpublish selected articles"), permissions=["publish"])
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._move_each(request, queryset, "withdraw")

    def _move_each(self, request: HttpRequest, queryset: QuerySet[Article], name: str) -> None:
        """Move each article on its own: one refusal does not stop the others."""
        move, moved, lacking = MOVES[name], 0, []
        why = Reason.typed(request.POST.get("reason", ""), request.POST.get("reason_is_public", ""))
        rows = queryset.filter(state__in=move.states).select_related("lead_picture").prefetch_related("sources")
        for article in rows:
            if move.to_readers and publish_checks.remarks(article):
                lacking.append(article.headline)
            try:
                move.do(article, why)
            except DomainError as refusal:
                messages.error(request, f"{article.headline}: {refusal}")
            else:
                self.log_change(request, article, str(move.label))
                moved += 1
        said = {
            "publish": ngettext("%d article published.", "%d articles published.", moved),
            "withdraw": ngettext("%d article unpublished.", "%d articles unpublished.", moved),
        }
        messages.success(request, said[name] % moved)
        if lacking:
            sentence = _("Something is missing in these; their forms say what: %s")
            messages.warning(request, sentence % "; ".join(lacking))

    @admin.action(description=_("Close comments"), permissions=["change"])
    def close_comments(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._take_comments(request, queryset, False)

    @admin.action(description=_("Open comments"), permissions=["change"])
    def open_comments(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._take_comments(request, queryset, True)

    def _take_comments(self, request: HttpRequest, queryset: QuerySet[Article], takes: bool) -> None:
        articles = list(queryset.exclude(takes_comments=takes))
        for article in articles:
            publishing.take_comments(article.pk, takes)
            self.log_change(request, article, str(_("Comments opened") if takes else _("Comments closed")))
        said = ngettext("%d article changed.", "%d articles changed.", len(articles))
        messages.success(request, said % len(articles))


def _saved(article: Article) -> str:
    """Say that a form was saved, and what that means for readers."""
    if article.state == State.PUBLISHED:
        return _with_link(_("Saved. Readers see your changes now."), article)
    return str(_("Draft saved.") if article.state == State.DRAFT else _("Saved."))


def _with_link(sentence: str | Promise, article: Article) -> str:
    """Return a sentence, with a link to what readers see where they see it."""
    if article.state != State.PUBLISHED:
        return str(sentence)
    link = '{} <a href="{}">{}</a>'
    return format_html(link, sentence, article.get_absolute_url(), _("See it on the site"))


def where_it_is_read(article: Article) -> str:
    """Return its public address, or the preview where readers cannot see it."""
    return article.get_absolute_url() if article.state == State.PUBLISHED else reverse("preview", args=[article.pk])


def _where(request: HttpRequest, remark: publish_checks.Remark, article: Article) -> str:
    """Return the address of the field that a remark is about."""
    if remark.of_picture and request.user.has_perm("articles.change_picture"):
        page = reverse("admin:articles_picture_change", args=[article.lead_picture_id])
        return f"{page}#id_{remark.field}"
    if remark.field == "bylines":
        return "#bylines-group"
    return "#id_lead_picture" if remark.of_picture else f"#id_{remark.field}"
