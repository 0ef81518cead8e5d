"""Pages for reporting a comment: the form, and the receipt that says what became of the report."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_exempt

from comments.audit.reason_codes import WITHDRAWN
from comments.audit.refusal_reasons import sentence_of
from comments.errors import NoSuchComment
from comments.models import EMAIL_LENGTH, NAME_LENGTH, Comment, Report
from comments.objections import reports
from comments.objections.objection_text import LENGTH
from comments.posting.guest_cookie import recall
from comments.posting.reply_form import refuse_forgery
from newsreader.accounts.identities import signed_in_user, verified_address
from newsreader.kit.client_address import client_address
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import private, secret
from newsreader.kit.web import SeeOther, render_form, show_or_take

FIELDS = ("reason", "detail", "law", "name", "email")
TICKED = ("good_faith", "by_mail")
LENGTHS = {
    "detail": reports.DETAIL_LENGTH,
    "law": reports.LAW_LENGTH,
    "name": NAME_LENGTH,
    "email": EMAIL_LENGTH,
}


@csrf_exempt  # A guest's form holds no token; refuse_forgery does the check.
@show_or_take
def flag(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Show the form for reporting a comment (GET), or take the report (POST)."""
    comment = _visible(comment_id)
    if request.method != "POST":
        reason = request.GET.get("reason", "")
        return _form(request, comment, {"reason": reason, "by_mail": True})
    words = {name: request.POST.get(name, "") for name in FIELDS}
    ticked = {name: request.POST.get(name) == "on" for name in TICKED}
    try:
        refuse_forgery(request)
        row = reports.report(
            comment.pk,
            reason=words["reason"],
            detail=words["detail"],
            law=words["law"],
            name=words["name"],
            email=words["email"],
            good_faith=ticked["good_faith"],
            by_mail=ticked["by_mail"],
            visitor=reporter_of(request),
        )
    except NoSuchComment:
        raise Http404 from None  # It has just been removed.
    except DomainError as refusal:
        return _form(request, comment, words | ticked, refusal)
    return private(SeeOther(row.status_url))


def reporter_of(request: HttpRequest) -> reports.Reporter:
    """Return the reporter: the session's account, else the network that the request comes from."""
    user = request.user if request.user.is_authenticated else None
    return reports.Reporter(user, client_address(request), recall(request).comments)


def _visible(comment_id: int) -> Comment:
    rows = Comment.objects.public().select_related("article__section", "identity")
    comment = rows.filter(pk=comment_id).first()
    if comment is None:
        raise Http404
    return comment


def _form(
    request: HttpRequest, comment: Comment, typed: dict[str, Any], refusal: DomainError | None = None
) -> HttpResponse:
    """Render the form with everything typed in it; with a refusal, its status and the errors field by field."""
    signed_in = request.user.is_authenticated
    context = {
        "comment": comment,
        "article": comment.article,
        "typed": typed,
        "reasons": Report.Reason.choices,
        "lengths": LENGTHS,
        "signed_in": signed_in,
        # Who has no address that we may write to is offered no mail.
        "may_be_mailed": bool(signed_in and verified_address(signed_in_user(request))),
        "own": reports.is_own(comment, reporter_of(request)),
        "token": get_token(request),
    }
    return private(render_form(request, "comments/report.html", context, refusal))


@csrf_exempt  # A guest's form holds no token; refuse_forgery does the check, and keeps what was typed.
@show_or_take
def receipt(request: HttpRequest, report_id: int, token: str) -> HttpResponse:
    """Say what became of a report, and why (GET); take the objection to the comment's staying (POST)."""
    try:
        row = reports.find(report_id, token)
    except Report.DoesNotExist:
        raise Http404 from None
    if request.method != "POST":
        return _receipt(request, row)
    typed = request.POST.get("objection", "")
    try:
        refuse_forgery(request)
        reports.object_to(row.pk, token, typed, visitor=reporter_of(request))
    except DomainError as refusal:
        return _receipt(request, row, typed=typed, refusal=refusal)
    return secret(SeeOther(f"{row.status_url}#objection"))


def _receipt(
    request: HttpRequest, row: Report, *, typed: str | None = None, refusal: DomainError | None = None
) -> HttpResponse:
    """Render the receipt; after a refused objection with what was typed."""
    comment, article = row.comment, row.comment.article
    visible = comment.status == Comment.Status.APPROVED and article.state == article.State.PUBLISHED
    context = {
        "report": row,
        "comment": comment,
        "article": article,
        "visible": visible,
        "reason": sentence_of(row.decision_reason),
        "by_author": row.decision_reason == WITHDRAWN,
        "is_notice": row.reason == Report.Reason.ILLEGAL,
        "may_object": reports.why_not_object(row, comment) is None,
        "typed": typed,
        "length": LENGTH,
        "token": get_token(request),
    }
    return secret(render_form(request, "comments/report_receipt.html", context, refusal))
