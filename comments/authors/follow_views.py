"""Following a section, an author, or an article's corrections: the form, which stands in public pages, and its page.

The form in a public page holds no token; the rule about forgery is that of the reply form. The answer is the same
whether an address is known or not.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_exempt

from comments.authors.following import Followed, find
from comments.models import Subscription
from comments.notifications import subscriptions
from comments.notifications.subscriptions import NotFollowed, Reader
from comments.posting.reply_form import refuse_forgery
from newsreader.accounts.identities import verified_address
from newsreader.kit.client_address import client_address, network
from newsreader.kit.email_addresses import tidy_email, why_not
from newsreader.kit.errors import DomainError, FieldError, Invalid
from newsreader.kit.http_cache import private
from newsreader.kit.web import render_form, show_or_take
from newsreader.mailing.tokens import token_for

PUBLIC = {Subscription.Scope.SECTION, Subscription.Scope.AUTHOR, Subscription.Scope.CORRECTIONS}


@csrf_exempt  # A guest's form holds no token, so that caches can share its page; refuse_forgery checks instead.
@show_or_take
def follow(request: HttpRequest, scope: str, pk: int) -> HttpResponse:
    """Show the form on a page of its own (GET), or follow (POST)."""
    found = _found(scope, pk)
    context = {"scope": scope, "subject": found.subject, "typed": request.POST.get("address", "")}
    if request.method != "POST":
        return _page(request, context)
    try:
        refuse_forgery(request)
        reader = _reader(request)
        subscriptions.subscribe(reader, found.wish)
    except DomainError as refusal:
        return _page(request, context, refusal)
    # Their own page is for who has proved that the address is theirs.
    mine = f"/mail/{token_for(reader.address)}/" if reader.is_theirs else ""
    return _page(request, context | {"done": True, "mine": mine, "address": reader.address})


def _found(scope: str, pk: int) -> Followed:
    if scope not in PUBLIC:
        raise Http404
    try:
        return find(scope, pk)
    except NotFollowed:
        raise Http404 from None


def _reader(request: HttpRequest) -> Reader:
    """Return who follows: an account at its verified address, or the address that was typed. Raises Invalid."""
    user = request.user if request.user.is_authenticated else None
    typed, where = tidy_email(request.POST.get("address", "")), network(client_address(request))
    if user is not None and not typed:
        reader = subscriptions.reader_of(user, network=where)
        typed = reader.address
    else:
        reader = subscriptions.reader_of(None, typed, network=where)
    if wrong := why_not(typed):
        raise Invalid([FieldError("email", "require_valid_email", wrong)])
    return reader


def _page(request: HttpRequest, context: dict[str, Any], refusal: DomainError | None = None) -> HttpResponse:
    user = request.user
    context["token"] = get_token(request)
    context["mail_to"] = verified_address(user) if user.is_authenticated else ""
    return private(render_form(request, "comments/follow.html", context, refusal))
