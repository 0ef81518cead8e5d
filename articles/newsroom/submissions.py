"""Sending an article to the editors and back, in its form: the notes, one button, and the list of what waits.

The operations are in `articles.submissions`. The panel is admin/articles/article/_editorial_notes.html.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from articles import submissions
from articles.models.article import Article
from articles.models.editorial import EditorialNote
from newsreader.accounts.identities import signed_in_user
from newsreader.kit.errors import DomainError
from newsreader.kit.text import is_unseen

NOTE = "_note"
SEND, SEND_BACK = "_send_to_editors", "_send_back"
BUTTONS = {SEND: _("Send to the editors"), SEND_BACK: _("Send back")}
ON_RECORD = {SEND: _("Sent to the editors"), SEND_BACK: _("Sent back to the author")}
DONE = {SEND: _("“%s” is with the editors. They have been told."), SEND_BACK: _("“%s” is sent back to its author.")}


class WaitingFilter(admin.SimpleListFilter):
    """What authors have sent to the editors, and nobody has answered yet."""

    title, parameter_name = _("task"), "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Waiting for an editor"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> QuerySet[Article]:
        return queryset.filter(pk__in=submissions.waiting().values("article")) if self.value() == "yes" else queryset


def is_waiting(article: Article) -> bool:
    """Say whether an article waits for an editor. No query where its submission was read with it."""
    return article.state == Article.State.DRAFT and getattr(article, "submission", None) is not None


class SubmitsArticles(admin.ModelAdmin):
    """The panel and its button; a note that comes with any other button is kept as well."""

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Article | None = None,
    ) -> HttpResponse:
        context["editorial"] = self._editorial(request, obj, popup=bool(context.get("is_popup")))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _editorial(self, request: HttpRequest, obj: Article | None, *, popup: bool) -> dict[str, Any] | None:
        """Return what the panel shows; None for whom there is nothing to say and nothing to do."""
        allowed = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if popup or not allowed:
            return None
        notes: list[EditorialNote] = list(obj.editorial_notes.select_related("by")) if obj else []
        waits = is_waiting(obj) if obj else False
        button = None
        if request.user.has_perm(submissions.PUBLISH):
            button = SEND_BACK if waits else None
        elif obj is None or obj.state == Article.State.DRAFT:
            button = SEND
        typed = request.POST.get(NOTE, "")
        if not (notes or button or typed):
            return None
        return {
            "notes": notes,
            "since": obj.submission.sent_at if obj and waits else None,
            "button": (button, BUTTONS[button]) if button else None,
            "typed": typed,
            "length": submissions.LENGTH,
        }

    def response_add(self, request: HttpRequest, obj: Article, post_url_continue: str | None = None) -> HttpResponse:
        return self._sent(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Article) -> HttpResponse:
        return self._sent(request, obj) or super().response_change(request, obj)

    def _sent(self, request: HttpRequest, article: Article) -> HttpResponse | None:
        """Do what the chosen button says, after saving; None if it is not one of ours."""
        by, note = signed_in_user(request), request.POST.get(NOTE, "")
        button = next((name for name in BUTTONS if name in request.POST), None)
        if button is None:
            submissions.add_note(article.pk, by=by, note=note)
            return None
        try:
            if button == SEND:
                done: object = submissions.send(article.pk, by=by, note=note)
            else:
                done = submissions.send_back(article.pk, by=by, note=note)
        except DomainError as refusal:
            said = _("Your changes are saved, nothing else: %s") % refusal
            messages.error(request, f"{said} {_('Your note:')} {note}" if not is_unseen(note) else said)
        else:
            if done is None:
                submissions.add_note(article.pk, by=by, note=note)
                messages.error(
                    request, _("Your changes are saved. But the article’s state has changed in the meantime.")
                )
            else:
                self.log_change(request, article, str(ON_RECORD[button]))
                messages.success(request, DONE[button] % article.headline)
        return HttpResponseRedirect(reverse("admin:articles_article_change", args=[article.pk]))
