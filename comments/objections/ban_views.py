"""The ban page, private and linked from the refusal of a reply: what is banned and why, and the one appeal.

It says nothing that the refusal has not said. Opening it changes nothing.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_exempt

from comments.errors import AppealedTwice, AppealOpen
from comments.models import Ban
from comments.objections import ban_appeals
from comments.objections.objection_text import LENGTH
from comments.posting.reply_form import refuse_forgery
from comments.screening import ban_checks
from comments.screening.ban_checks import BanNotice
from newsreader.kit.client_address import client_address
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import secret
from newsreader.kit.web import SeeOther, render_form, show_or_take


@csrf_exempt  # A guest's form holds no token; refuse_forgery does the check, and keeps what was typed.
@show_or_take
def page(request: HttpRequest, ban_id: int, token: str) -> HttpResponse:
    """Show the page (GET), or take the appeal (POST)."""
    try:
        ban, notice = ban_appeals.find(ban_id, token)
    except Ban.DoesNotExist:
        raise Http404 from None
    if request.method != "POST":
        return _page(request, ban, notice)
    typed = request.POST.get("appeal", "")
    user: Any = request.user if request.user.is_authenticated else None
    try:
        refuse_forgery(request)
        ban_appeals.appeal(ban_id, token, typed, address=client_address(request), by=user)
    except Ban.DoesNotExist:
        raise Http404 from None  # It has just been made a quiet one.
    except DomainError as refusal:
        return _page(request, ban, notice, typed=typed, refusal=refusal)
    return secret(SeeOther(f"{request.path}#appeal"))


def _page(
    request: HttpRequest, ban: Ban, notice: BanNotice, *, typed: str | None = None, refusal: DomainError | None = None
) -> HttpResponse:
    """Render the page; after a refusal with what was typed."""
    why_not = ban_appeals.why_not(ban, notice)
    what, *reasons = ban_checks.sentences(ban)
    context = {
        "ban": ban,
        "what": what,
        "reasons": reasons,
        "appeal": ban_appeals.appeal_of(notice),
        "may_appeal": why_not is None,
        "why_not": why_not if isinstance(why_not, AppealedTwice | AppealOpen) else None,
        "typed": typed,
        "length": LENGTH,
        "address": request.path,
        "token": get_token(request),
    }
    return secret(render_form(request, "comments/ban.html", context, refusal))
