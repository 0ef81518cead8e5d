"""Account pages that the library does not have, or that we change."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.stages import LoginByCodeStage
from allauth.account.views import EmailView, RequestLoginCodeView
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView, SignupWebAuthnView
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.views import ConnectionsView
from allauth.usersessions.adapter import get_adapter as get_sessions_adapter
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from newsreader.accounts import allauth_internals, reauthentication
from newsreader.accounts.browsers import browser_of
from newsreader.accounts.forms import AddPasskeyForm, Disconnect, MyPage, SignUpPasskeyForm
from newsreader.accounts.identities import label_of, public_name, signed_in_user, verified_address
from newsreader.accounts.models import SentPicture, User
from newsreader.kit.client_address import UNKNOWN
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.http_cache import private
from newsreader.kit.web import safe_next, show_or_take
from newsreader.mailing import suppression
from newsreader.mailing.suppression import Reason


class RequestCode(RequestLoginCodeView):
    """Asking for a code to sign in. Whoever asks again while one is awaited is sent another."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> HttpResponse | None:
        if request.method == "POST" and stage.key == LoginByCodeStage.key:
            return None
        answer: HttpResponse | None = super()._redirect_to_pending_stage(request, stage)
        return answer


@login_required
@show_or_take
def my_page(request: HttpRequest) -> HttpResponse:
    """The account page: how somebody is shown, with links to everything else about the account."""
    user = signed_in_user(request)
    form = MyPage(user=user)
    if request.method == "POST":
        form = MyPage(request.POST, request.FILES, user=user)
        if form.is_valid() and form.save():
            messages.success(request, _("Your changes are saved."))
            return private(redirect("my_page"))
    context = {
        "form": form,
        "summary": _summary(user),
        "sent": SentPicture.objects.filter(user=user).defer("data").first(),
    }
    response = render(request, "account/my_page.html", context, status=422 if form.is_bound else 200)
    if form.refusal:
        response.status_code = form.refusal.status
        for name, value in form.refusal.headers.items():
            response[name] = value
    return private(response)


def _summary(user: User) -> dict[str, Any]:
    """Return a summary of every way to sign in, one line each."""
    factors = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    accounts = SocialAccount.objects.filter(user=user).order_by("pk")
    return {
        "addresses": list(EmailAddress.objects.filter(user=user).order_by("-primary", "email")),
        "passkeys": factors.count(Authenticator.Type.WEBAUTHN),
        "app": Authenticator.Type.TOTP in factors,
        "connected": [account["label"] for account in map(_shown, accounts)],
        "sessions": len(UserSession.objects.purge_and_list(user)),
    }


@login_required
@show_or_take
def confirm_it_is_you(request: HttpRequest) -> HttpResponse:
    """Reauthentication for people without password and factor: with a code from a mail, or by signing in again."""
    target = request.POST.get("next") or request.GET.get("next") or reverse("my_page")
    back, wrong = safe_next(request, target), None
    if reauthentication.has_better_means(request.user):
        return private(reauthentication.ask(request, back))
    if request.method == "POST" and request.POST.get("action") == "send":
        reauthentication.send_code(request)
        return private(reauthentication.ask(request, back))
    if request.method == "POST":
        try:
            reauthentication.enter_code(request, request.POST.get("code", ""))
        except Invalid as refusal:
            wrong = refusal.errors[0]
        else:
            return private(allauth_internals.resume_request(request) or redirect(back))
    elif not reauthentication.must_confirm(request):
        return private(redirect(back))
    return private(_confirming_page(request, back, wrong))


def _confirming_page(request: HttpRequest, back: str, wrong: FieldError | None) -> HttpResponse:
    mine = {public_name(name) for name in _accounts(request).values_list("provider", flat=True)}
    context = {
        "back": back,
        "wrong": wrong,
        "address": verified_address(signed_in_user(request)),
        "awaited": reauthentication.awaited_from(request),
        "sign_in_with": [provider for provider in settings.SIGN_IN_WITH if provider.name in mine],
    }
    return render(request, "account/confirm_it_is_you.html", context, status=422 if wrong else 200)


class Addresses(EmailView):
    """allauth's list of addresses, saying which of them gets less mail, or none; its owner can have it tried again."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        rows = [row for row in context["emailaddresses"] if row.verified]
        reasons = suppression.reasons_of(row.email for row in rows)
        for row in rows:
            row.stopped = min(reasons.get(row.email, set()) - {Reason.NOT_ME}, default="")  # What bounced comes first.
        return context

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "action_again" not in request.POST:
            answer: HttpResponse = super().post(request, *args, **kwargs)
            return answer
        address = EmailAddress.objects.filter(user=request.user, verified=True, email=request.POST.get("email", ""))
        if suppression.lift(address.values_list("email", flat=True)):
            messages.success(request, _("We send email there again."))
        return private(redirect("account_email"))


class AddPasskey(AddWebAuthnView):
    """allauth's, with the browser as the default name of a new passkey."""

    form_class = AddPasskeyForm

    def get_initial(self) -> dict[str, Any]:
        return {"name": browser_of(self.request.headers.get("User-Agent", ""))}


class SignUpPasskey(SignupWebAuthnView):
    """The same at the end of signing up."""

    form_class = SignUpPasskeyForm
    get_initial = AddPasskey.get_initial


class RemovePasskey(RemoveWebAuthnView):
    """allauth's, which checks whether an app may be removed, but not whether a passkey may."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        if not get_factor_adapter().can_delete_authenticator(self.object):
            return private(self.render_to_response(self.get_context_data(last=True), status=422))
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer


class Connections(ConnectionsView):
    """allauth's list of connected accounts, each with what can be done with it."""

    form_class = Disconnect

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        accounts = list(_accounts(self.request).order_by("pk"))
        ways = reauthentication.ways_in
        context["connected"] = [
            _shown(account) | {"removable": bool(ways(self.request.user, without=account))} for account in accounts
        ]
        mine = {public_name(account.provider) for account in accounts}
        context["sign_in_with"] = [provider for provider in settings.SIGN_IN_WITH if provider.name not in mine]
        return context


def _accounts(request: HttpRequest) -> Any:
    return SocialAccount.objects.filter(user=request.user)


def _shown(account: SocialAccount) -> dict[str, Any]:
    """Return a connected account as it is listed, also if its provider is no longer configured."""
    name = public_name(account.provider)
    said = account.extra_data if isinstance(account.extra_data, dict) else {}
    said = said.get("userinfo") or said.get("id_token") or said
    names = (said.get(key) for key in ("name", "display_name", "displayName", "username", "login", "email"))
    return {
        "pk": account.pk,
        "provider": name,
        "label": label_of(name) or name,
        "name": next((each for each in names if isinstance(each, str) and each.strip()), ""),
        "since": account.date_joined,
        "offered": bool(label_of(name)),
    }


class Sessions(ListUserSessionsView):
    """allauth's list of sessions, with the names of the browsers."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        current = self.request.session.session_key
        sessions = sorted(context["sessions"], key=lambda each: (each.session_key != current, -each.pk))
        context["rows"] = [
            {
                "pk": session.pk,
                "browser": browser_of(session.user_agent),
                "ip": "" if session.ip == UNKNOWN else session.ip,
                "since": session.created_at,
                "seen": session.last_seen_at,
                "is_current": session.session_key == current,
            }
            for session in sessions
        ]
        return context


@require_POST
@login_required
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out of one of one's own sessions, which may be the present one."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    is_current = session.is_current()
    get_sessions_adapter().end_sessions([session])
    if is_current:
        get_adapter(request).logout(request)
        return private(redirect("account_login"))
    messages.success(request, _("Signed out there."))
    return private(redirect("usersessions_list"))
