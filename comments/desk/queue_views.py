"""The moderation desk's pages: the queue, one comment with every tool, and the comments similar to one.

A form is answered with a redirect and messages; the desk's script gets the same sentences as JSON, with what undoes
the action and the card as it looks now. Everything works without script.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles import publishing, submissions
from articles.models.article import Article
from articles.models.taxonomy import Section
from comments.audit import audit_log, log_checks
from comments.audit.reason_codes import from_rules
from comments.audit.refusal_reasons import choices
from comments.desk import cards, filters, greeting, sentences
from comments.desk.actions import ActionRequest, ActionResult, perform
from comments.desk.ban_spans import SPANS
from comments.desk.filters import Filter
from comments.desk.status_actions import STATUS_ACTIONS, buttons_for, buttons_for_similar, reasons_for_trash, summary
from comments.errors import ReasonRequired
from comments.models import Ban, Batch, Comment, Label, ReplyTemplate
from comments.models.permissions import (
    may_ban,
    may_ban_quietly,
    may_lift,
    may_moderate,
    moderates,
    moderates_everything,
    moderators_of,
)
from comments.moderation import batches, similar
from comments.moderation.similar import EVERY_WAY
from comments.screening import surge
from newsreader.accounts.models import User
from newsreader.kit import numbers
from newsreader.kit.client_address import client_address
from newsreader.kit.errors import DomainError
from newsreader.kit.web import safe_next

PAGE = 50  # cards
HOURS = {"1": 1.0, "6": 6.0, "24": 24.0, "72": 72.0}


def _may(request: HttpRequest) -> None:
    if not may_moderate(request.user):
        raise PermissionDenied


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


# --- The queue ----------------------------------------------------------------------------------------------------


def queue(request: HttpRequest) -> HttpResponse:
    """Show the queue, or its cards after a position (`part=cards`); perform an action (POST)."""
    _may(request)
    wanted, odd = Filter.read(request.GET)
    if request.method == "POST":
        return _perform(request, wanted)
    if batch := request.GET.get("batch"):
        return _progress(request, batch)
    rows = wanted.rows(request.user)
    after = request.GET.get("after", "")
    found = cards.listed(filters.beyond(rows, wanted.order, after)).order_by(*wanted.order)
    shown = list(found[: PAGE + 1])
    if after and not shown:  # All that followed are decided by now.
        return HttpResponseRedirect(f"{request.path}?{_without(request, 'after')}".rstrip("?"))
    context = {
        "cards": cards.lay_out(shown[:PAGE], request.user),
        "filter": wanted,
        "next": filters.position_of(shown[PAGE - 1]) if len(shown) > PAGE else "",
        "after": after,
        "now": timezone.now().isoformat(),
        "leads_to": _here(request),
    }
    if request.GET.get("part") == "cards":
        return TemplateResponse(request, "admin/comments/_cards.html", context)
    around = _surroundings(request, wanted, odd)
    greeted = greeting.of_queue(wanted, around["matching"], shown, request.user) if not after else ""
    context |= around | {"greeting": greeted}
    return _page(request, "admin/comments/queue.html", context)


def _surroundings(request: HttpRequest, wanted: Filter, odd: list[str]) -> dict[str, Any]:
    """Return what is shown around the cards: the views with their sizes, the filters, recent batches, and surges."""
    article = Article.objects.filter(pk=wanted.article).defer("body").first() if wanted.article else None
    user: Any = request.user
    article = article if article and moderates(user, article) else None
    sections = list(Section.objects.order_by("name"))
    sizes = {name: filters.counted(wanted.rows(user, view=name)) for name in filters.VIEWS}
    return {
        "title": _("Comments"),
        # The app list stands at the foot of this page, so that the tabs are not the fiftieth stop of a keyboard.
        "is_nav_sidebar_enabled": False,
        "tabs": [(name, label, sizes[name]) for name, label in filters.VIEWS.items()],
        "empty": filters.EMPTY[wanted.status],
        "elsewhere": [
            (name, filters.VIEWS[name], sizes[name])
            for name in ("pending", "reported", "appeals")
            if name != wanted.status and sizes[name] != "0"
        ],
        "chips": _chips(request, wanted, article, sections),
        "why": reasons_for_trash(),
        "trash_label": STATUS_ACTIONS["trash"].label,
        "may_ban": may_ban(user),
        "article": article,
        "sections": sections,
        "reasons": choices(),
        "labels": Label.Kind.choices,
        "rule_reasons": [(known.code, known.label) for known in from_rules()],
        "odd": odd,
        "bulk": buttons_for(wanted.status),
        "matching": sizes[wanted.status],
        "recent": batches.recent(user),
        "surging": [row for row in surge.surging() if moderates(user, row.article)],
        "held_up": publishing.held_up() if user.has_perm("articles.publish_article") else [],
        "waiting_articles": submissions.waiting().count() if user.has_perm("articles.publish_article") else 0,
        "log_faults": log_checks.state().faults if moderates_everything(user) else (),
        "ban_appeals": _ban_appeals(user) if wanted.status == "appeals" else 0,
    }


def _ban_appeals(user: Any) -> int:
    """Return how many bans have an open appeal, for moderators who may lift bans."""
    return Ban.objects.appealed().count() if may_lift(user) else 0


def _chips(
    request: HttpRequest, wanted: Filter, article: Article | None, sections: list[Section]
) -> list[tuple[filters.Chip, str]]:
    """Return the filters that are needed most and those in force, each with the query that it leads to."""
    found = []
    for chip in [*filters.quick(wanted), *filters.active(wanted, article, sections)]:
        query = request.GET.copy()
        for name in (chip.name, "after", "part"):
            query.pop(name, None)
        if chip.value:
            query[chip.name] = chip.value
        found.append((chip, query.urlencode()))
    return found


def _without(request: HttpRequest, *names: str) -> str:
    kept = request.GET.copy()
    for name in names:
        kept.pop(name, None)
    return kept.urlencode()


def _here(request: HttpRequest) -> str:
    """Return the address of the current view and filter, whole even where the script asks for a part."""
    return f"{request.path}?{_without(request, 'part')}".rstrip("?")


def _came_from(request: HttpRequest) -> str:
    """Return where a page about one comment leads back to after an action; empty where it was opened directly."""
    back = request.GET.get("back") or request.POST.get("next", "")
    return safe_next(request, back) if back else ""


def _progress(request: HttpRequest, number: str) -> HttpResponse:
    """Answer with the progress of one's own batch."""
    try:
        batch = Batch.objects.get(pk=uuid.UUID(number), by=request.user.pk)
    except (ValueError, Batch.DoesNotExist):
        raise Http404 from None
    return JsonResponse(_batch(batch) | {"said": _plain(list(summary(batch)))})


def _batch(batch: Batch) -> dict[str, Any]:
    return {"batch": str(batch.pk), "done": batch.done, "total": batch.total, "state": batch.state}


# --- Actions ------------------------------------------------------------------------------------------------------


def _perform(request: HttpRequest, wanted: Filter) -> HttpResponse:
    user: Any = request.user
    action = ActionRequest(user, request.POST, wanted, client_address(request))
    try:
        result = perform(action)
    except DomainError as refusal:
        return _refused(request, refusal)
    if _is_script(request):
        return JsonResponse(_answer(request, result))
    for level, sentence in result.said:
        messages.add_message(request, level, sentence)
    return HttpResponseRedirect(safe_next(request, request.POST.get("next") or request.get_full_path()))


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """Say why nothing was done. What was typed stays on the comment's page."""
    if _is_script(request):
        return JsonResponse(
            {"code": refusal.code, "detail": str(refusal)}, status=refusal.status, headers=refusal.headers
        )
    if isinstance(refusal, ReasonRequired) and not request.POST.get("reason") and reasons_for_trash():
        return _ask(request, refusal)
    ids = numbers.ids_in(request.POST.getlist("ids"))
    if request.POST.get("text") and len(ids) == 1:
        return tools(request, ids.pop(), refusal=refusal)
    messages.error(request, str(refusal))
    return HttpResponseRedirect(safe_next(request, request.POST.get("next") or request.get_full_path()))


def _ask(request: HttpRequest, refusal: ReasonRequired) -> HttpResponse:
    """Ask for the reason that a button needs; each of the answers sends everything that was sent once more."""
    sent = [(name, value) for name in request.POST for value in request.POST.getlist(name)]
    back = safe_next(request, request.POST.get("next") or request.get_full_path())
    context = {
        "title": _("Why?"),
        "is_nav_sidebar_enabled": False,
        "size": len(numbers.ids_in([*request.POST.getlist("ids"), *request.POST.get("like", "").split()])),
        "everything": bool(request.POST.get("all")),
        "sent": [(name, value) for name, value in sent if name not in {"csrfmiddlewaretoken", "reason"}],
        "why": reasons_for_trash(),
        "back": back,
        "refusal": refusal,
    }
    return _page(request, "admin/comments/ask.html", context, status=refusal.status)


def _answer(request: HttpRequest, result: ActionResult) -> dict[str, Any]:
    answer: dict[str, Any] = {"said": _plain(result.said), "undo": result.undo}
    if result.batch:
        answer |= _batch(result.batch)
    if result.changed:
        row = cards.listed(Comment.objects.filter(pk=result.changed)).first()
        if row:
            context = {"card": cards.lay_out([row], request.user)[0], "leads_to": _here(request)}
            answer["card"] = render_to_string("admin/comments/_card.html", context, request)
    return answer


def _plain(said: list[tuple[int, str]]) -> list[dict[str, str]]:
    return [{"level": messages.DEFAULT_TAGS[level], "text": str(sentence)} for level, sentence in said]


# --- One comment --------------------------------------------------------------------------------------------------


def tools(request: HttpRequest, comment_id: int, *, refusal: DomainError | None = None) -> HttpResponse:
    """Show one comment with every tool; `part=tools` is the fragment that the desk's script shows in a dialog."""
    _may(request)
    comment = cards.listed(Comment.objects.moderated_by(request.user)).filter(pk=comment_id).first()
    if comment is None:
        raise Http404
    came_from = _came_from(request)
    context = {
        "card": cards.lay_out([comment], request.user)[0],
        "title": _("Comment by %s") % comment.shown_name,
        "back": came_from or reverse("admin:moderation"),
        "leads_to": came_from or reverse("admin:moderation-comment", args=[comment.pk]),
        "reasons": choices(),
        "spans": SPANS,
        "may_ban": may_ban(request.user),
        "may_ban_quietly": may_ban_quietly(request.user),
        "colleagues": _colleagues(comment, request.user),
        "labels": Label.Kind.choices,
        "set_labels": [label.kind for label in comment.labels.all()],
        "templates": ReplyTemplate.objects.all(),
        "record": _log_of(comment),
        "refusal": refusal,
        "pressed": request.POST.get("action", ""),
        "typed": request.POST.get("text", ""),
    }
    context["in_dialog"] = request.GET.get("part") == "tools" and not refusal
    name = "_tools.html" if context["in_dialog"] else "tools.html"
    return _page(request, f"admin/comments/{name}", context, status=refusal.status if refusal else 200)


def _colleagues(comment: Comment, user: Any) -> QuerySet[User]:
    """Return the others who may decide about a comment, by name."""
    return moderators_of(comment.article_id).exclude(pk=user.pk).order_by("name", "username")[:200]


def _log_of(comment: Comment) -> list[tuple[str, dt.datetime, str]]:
    """Return the audit entries about a comment as sentences, each with its time, exact and in words. Two queries."""
    entries = list(audit_log.history(f"comment:{comment.pk}")[:200])
    names = sentences.names_in(entries)
    return [(sentences.of_entry(row, names), row.created_at, sentences.moment(row.created_at)) for row in entries]


# --- Similar comments -------------------------------------------------------------------------------------------


def alike(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Show the comments that are like one, to decide about all of them at once. The form posts to the queue."""
    _may(request)
    mine = Comment.objects.moderated_by(request.user)
    comment = cards.listed(mine).filter(pk=comment_id).first()
    if comment is None:
        raise Http404
    ways = [way for way in EVERY_WAY if way in request.GET.getlist("by")] or EVERY_WAY
    hours = request.GET.get("hours", "24")
    hours = hours if hours in HOURS else "24"
    prefix: Literal[24, 32] = 32 if request.GET.get("exact") else 24
    found = similar.find_similar(comment, rows=mine, by=ways, hours=HOURS[hours], ipv4_prefix=prefix)
    reasons = {match.comment_id: match.reasons for match in found}
    shown = cards.listed(mine).filter(pk__in=list(reasons)[:PAGE]).order_by("-created_at", "-pk")
    shown = shown.prefetch_related("decisions__by", "revisions")
    context = {
        "title": _("Similar comments"),
        "back": _came_from(request) or reverse("admin:moderation"),
        "comment": comment,
        "found": found,
        "shown": [(card, reasons[card.comment.pk]) for card in map(cards.plain_card, shown)],
        "ways": [(way, label, way in ways) for way, label in WAY_LABELS.items()],
        "hours": [(value, value == hours) for value in HOURS],
        "exact": prefix == 32,
        "spans": SPANS,
        "may_ban": may_ban(request.user),
        "bulk": buttons_for_similar(),
        "together": len(found) + 1,
    }
    return _page(request, "admin/comments/alike.html", context)


WAY_LABELS = {
    "network": _("from the same network"),
    "domain": _("links to the same site"),
    "text": _("nearly the same text"),
    "email": _("the same email address"),
}


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {**admin.site.each_context(request), **context}
    request.current_app = admin.site.name
    return TemplateResponse(request, template, context, status=status)
