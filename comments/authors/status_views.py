"""The private status page of a comment, behind a secret address: its state, and what its author may still do.

Opening it changes nothing; its buttons do.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from comments.audit.reason_texts import shown_status
from comments.audit.refusal_reasons import sentence_for
from comments.audit.standing import is_withdrawn
from comments.authors import author_edits
from comments.models import Comment, CommentSettings
from comments.moderation import resolution
from comments.notifications import subscriptions
from comments.notifications.subscriptions import Reader
from comments.objections import appeals, objection_text
from comments.posting import editing_rights, email_confirmation
from comments.posting.request_parsing import visit_of
from comments.screening import article_settings
from newsreader.kit.client_address import client_address, network
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import secret
from newsreader.kit.versions import version_opened
from newsreader.kit.web import SeeOther, render_form, safe_next, show_or_take

WAITING, APPROVED = Comment.Status.PENDING, Comment.Status.APPROVED


@show_or_take
def status(request: HttpRequest, comment_id: int, token: str) -> HttpResponse:
    """Show the page (GET), or do what its button says (POST, `action`: `edit`, `withdraw`, `appeal` or `notify`)."""
    rows = Comment.objects.select_related(
        "article__section", "article__discussion", "parent", "identity", "connection_data", "appeal"
    )
    comment = rows.filter(pk=comment_id).first()
    if comment is None or not constant_time_compare(comment.status_token, token):
        raise Http404
    match request.POST.get("action", "") if request.method == "POST" else None:
        case None:
            return _page(request, comment)
        case "withdraw":
            return _withdraw(request, comment)
        case "edit":
            return _edit(request, comment)
        case "appeal":
            return _appeal(request, comment)
        case "notify":
            return _notify(request, comment)
    raise BadRequest("No such action")


def _withdraw(request: HttpRequest, comment: Comment) -> HttpResponse:
    """Withdraw the comment, and return to the page, or to the list of one's own comments if that was the referrer."""
    author_edits.withdraw_comment(comment.pk, by=_user(request), token=comment.status_token)
    if not (target := request.POST.get("next", "")):
        return secret(SeeOther(comment.status_url))
    messages.success(request, _("You have withdrawn your comment."))
    return secret(SeeOther(safe_next(request, target)))


def _edit(request: HttpRequest, comment: Comment) -> HttpResponse:
    """Change the text. If that is refused, what was typed stays on the page."""
    typed = request.POST.get("text", "")
    visit, opened = visit_of(request, request.POST), version_opened(request.POST)
    try:
        author_edits.edit_comment(
            comment.pk, typed, by=_user(request), token=comment.status_token, visit=visit, versions=opened
        )
    except DomainError as refusal:
        return _page(request, comment, typed=typed, refusal=refusal)
    return secret(SeeOther(comment.status_url))


def _appeal(request: HttpRequest, comment: Comment) -> HttpResponse:
    """Appeal against the refusal. If that is not possible, what was typed stays on the page."""
    typed = request.POST.get("appeal", "")
    try:
        appeals.appeal(comment.pk, typed, token=comment.status_token, by=_user(request))
    except DomainError as refusal:
        return _page(request, comment, objection=typed, refusal=refusal)
    return secret(SeeOther(f"{comment.status_url}#appeal"))


def _notify(request: HttpRequest, comment: Comment) -> HttpResponse:
    """Have the author told by mail what the form says."""
    try:
        subscriptions.choose(_reader(request, comment), request.POST.get("notify", ""), comment)
    except DomainError as refusal:
        return _page(request, comment, refusal=refusal)
    return secret(SeeOther(f"{comment.status_url}#notify"))


def _reader(request: HttpRequest, comment: Comment) -> Reader:
    """Return the author, at the address that the comment was left with; an account only where it is signed in here."""
    identity, where = comment.identity, network(client_address(request))
    if identity and identity.user_id and identity.user_id == request.user.pk:
        return subscriptions.reader_of(_user(request), identity.email, network=where)
    typed = identity.email if identity else getattr(comment, "connection_data", None) and comment.connection_data.email
    return subscriptions.Reader(typed or "", language=comment.language, network=where)


def _user(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None


def _page(
    request: HttpRequest,
    comment: Comment,
    *,
    typed: str | None = None,
    objection: str | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """Render the page; after a refusal with what was `typed` as the new text, or as the `objection`."""
    rules, shown = (
        article_settings.settings_under(comment.article, CommentSettings.objects.current()),
        shown_status(comment),
    )
    refused = editing_rights.why_not(comment, rules)
    reader, withdrawn = _reader(request, comment), is_withdrawn(comment)
    context = {
        "comment": comment,
        "article": comment.article,
        "notified": reader.address and not withdrawn and subscriptions.chosen(comment, reader.address),
        "shown_status": shown,
        "withdrawn": withdrawn,
        "settings": rules,
        "may_be_asked": shown == WAITING and email_confirmation.may_be_asked(comment, rules),
        "editable": not refused,
        "editable_until": rules.editable_until(comment.created_at),
        "typed": comment.body if typed is None else typed,
        "to_keep": typed is not None,
        "objection": objection,
    }
    return secret(render_form(request, "comments/status.html", context | _about_refusal(comment), refusal))


def _about_refusal(comment: Comment) -> dict[str, Any]:
    """Return why a person refused it, and its author's appeal or whether one is possible."""
    decision = resolution.refusal_of(comment)
    return {
        "reason": sentence_for(decision),
        "appeal": getattr(comment, "appeal", None),
        "may_appeal": appeals.why_not(comment, decision) is None,
        "appeal_length": objection_text.LENGTH,
    }
