"""Accepting an invitation to the newsroom: the link of the mail, and the page behind it.

The link's address is a secret, and the page has forms and links. So the link is put into the session, and the page has
an address that tells nothing; no Referer leaves either. Opening them changes nothing: mail programs open links, too.
"""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from newsreader.accounts import allauth_internals, invitations
from newsreader.accounts.forms import Join
from newsreader.accounts.identities import signed_in_user
from newsreader.accounts.models import Invitation
from newsreader.kit.errors import TooMany
from newsreader.kit.http_cache import secret
from newsreader.kit.web import SeeOther, show_or_take

IN_SESSION = "invitation"
DESK = "admin:index"


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Keep the link of a mail in the session and go on to the page. A link that is no good leaves no session."""
    _limit(request)
    invitations.find(token)
    request.session[IN_SESSION] = token
    return secret(redirect("invitation"))


@show_or_take
def invitation(request: HttpRequest) -> HttpResponse:
    """Accept the invitation of this session: with the account one has, or with a new one."""
    _limit(request)
    token = str(request.session.get(IN_SESSION, ""))
    try:
        found = invitations.find(token)
    except (invitations.InvitationUnknown, invitations.InvitationEnded):
        request.session.pop(IN_SESSION, None)
        raise
    if request.user.is_authenticated:
        return secret(_with_this_account(request, token, found))
    if owner := invitations.owner_of(found.email):
        return secret(_page(request, found, is_closed=not owner.is_active, has_account=True))
    return secret(_with_new_account(request, token, found))


def _limit(request: HttpRequest) -> None:
    if not allauth_internals.consume_rate_limit(request, "invitation"):
        raise TooMany(60)


def _page(request: HttpRequest, found: Invitation, *, status: int = 200, **context: object) -> HttpResponse:
    by = found.invited_by
    inviter = by.shown_name if by else ""
    return render(
        request, "account/invitation.html", {"invitation": found, "inviter": inviter} | context, status=status
    )


def _with_this_account(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    user = signed_in_user(request)
    if not invitations.is_for(found, user):
        return _page(request, found, is_for_others=True, status=403 if request.method == "POST" else 200)
    if request.method != "POST":
        return _page(request, found, is_ready=True)
    invitations.accept(token, user=user)
    del request.session[IN_SESSION]
    _welcome(request, found)
    return SeeOther(reverse(DESK))


def _with_new_account(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    form = Join(request.POST if request.method == "POST" else None, address=found.email)
    if request.method != "POST":
        return _page(request, found, form=form)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    typed = form.cleaned_data
    user = invitations.accept_with_new_account(token, name=typed["name"], password=typed["password1"])
    del request.session[IN_SESSION]
    _welcome(request, found)
    # The link came to the address as a code does. So whoever now makes a passkey is not asked for it at once.
    allauth_internals.record_email_code(request, user, found.email, reauthenticated=True)
    target = reverse("mfa_add_webauthn" if form.by_passkey else DESK)
    answer: HttpResponse = perform_login(request, user, redirect_url=target, email=found.email)
    return answer


def _welcome(request: HttpRequest, found: Invitation) -> None:
    messages.success(request, _("Welcome. Your role: %s.") % found.get_role_display())
