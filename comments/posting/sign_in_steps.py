"""The ways to say who you are, each a submit button of the reply form: the draft is kept, then signing in begins.

With JavaScript, the answers are used inside the page; readers without JavaScript see them as pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from requests import RequestException

from articles.models.article import Article
from comments.models import KeptDraft
from comments.posting import kept_drafts
from comments.posting.reply_form import Typed, published, refuse_forgery, reply_page
from newsreader.accounts import allauth_internals, login_codes
from newsreader.accounts.adapters import OUTCOME
from newsreader.accounts.forms import SignInPasskeyForm
from newsreader.accounts.identities import label_of
from newsreader.kit.email_addresses import tidy_email, why_not
from newsreader.kit.errors import DomainError, FieldError, Invalid, TooMany
from newsreader.kit.http_cache import private
from newsreader.kit.web import SeeOther, safe_next

logger = logging.getLogger(__name__)


class NotThisWay(DomainError):
    """This way to sign in cannot be used now; the others can."""

    status = 422


@csrf_exempt  # A guest's form holds no token; refuse_forgery checks instead, as for the reply itself.
def step(request: HttpRequest, article_id: int, way: str) -> HttpResponse:
    """Begin one of the ways. Whatever goes wrong, the form comes back with everything that was typed."""
    if way == "passkey" and request.method == "GET":
        _limit_passkeys(request)  # The challenge is stored in a session, which is a row.
        return private(JsonResponse(allauth_internals.begin_passkey_sign_in()))
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"] if way == "passkey" else ["POST"])
    article = published(article_id)
    handler = _STEPS.get(way) or (_provider if label_of(way) else None)
    if handler is None:
        raise Http404
    try:
        refuse_forgery(request)
        draft = kept_drafts.keep(request, article, way)
    except DomainError as refusal:
        return reply_page(request, article, _typed(request), refusal)
    try:
        response = handler(request, draft)
    except DomainError as refusal:
        response = reply_page(request, article, draft.typed, refusal, changing=request.user.is_authenticated)
    return kept_drafts.note(private(response), draft)


def _typed(request: HttpRequest) -> Typed:
    return {name: request.POST.get(name, "") for name in kept_drafts.FIELDS}


def _back(draft: KeptDraft) -> str:
    """The address to return to. Its last parameter is completed with the outcome (see accounts.adapters)."""
    return f"{reverse('came-back', args=[draft.article_id])}?trip={draft.token}&{OUTCOME}"


def _page(draft: KeptDraft, **query: str) -> HttpResponse:
    """Redirect to the form's own page, which shows the kept draft."""
    query = {name: value for name, value in {"parent": draft.typed.get("parent", ""), **query}.items() if value}
    address = reverse("reply", args=[draft.article_id]) + (f"?{urlencode(query)}" if query else "")
    return SeeOther(f"{address}#respond")


def _provider(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    """Redirect to a login provider, asking only for the configured scopes."""
    name = next(known.allauth for known in settings.SIGN_IN_WITH if known.name == draft.provider)
    provider = get_adapter(request).get_provider(request, "oidc" if name == "openid_connect" else name)
    try:
        return provider.redirect(request, process="login", next_url=_back(draft))
    except (RequestException, OAuth2Error, LookupError, TypeError, ValueError) as error:
        logger.warning("%s cannot be asked to sign somebody in: %s", name, type(error).__name__)
        return SeeOther(f"{_back(draft)}failed")


def _email(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    address = tidy_email(draft.typed.get("email", ""))
    if not address:
        sentence = _("Please enter your email address, and we will send you a code.")
        raise Invalid([FieldError("email", "require_name_email", sentence)])
    if wrong := why_not(address):
        raise Invalid([FieldError("email", "require_valid_email", wrong)])
    login_codes.send(request, address)
    return _page(draft)


def _code(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    return login_codes.enter(request, request.POST.get("code", ""), draft.typed.get("name", ""), _back(draft))


def _passkey(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    if not request.POST.get("credential"):
        sentence = _("A passkey needs a browser with JavaScript. Please choose another way; your text is kept.")
        raise NotThisWay(sentence, code="passkey_needs_script")
    _limit_passkeys(request)
    form = SignInPasskeyForm(data=request.POST)
    if not form.is_valid():
        raise NotThisWay(_("We don’t know this passkey. Please choose another way."), code="passkey_unknown")
    return allauth_internals.sign_in_by_passkey(request, form.cleaned_data["credential"], _back(draft))


def _limit_passkeys(request: HttpRequest) -> None:
    """Count an attempt against the library's limit for passkeys. The library itself does not count GET."""
    if not allauth_internals.consume_rate_limit(request, "webauthn_login", app="mfa"):
        raise TooMany(60)


def _account(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    """Redirect to the site's own sign-in page, with a password."""
    address = f"{reverse('account_login')}?{urlencode({'next': _back(draft)})}"
    return SeeOther(address)


def _log_out(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    if request.user.is_authenticated:
        get_account_adapter(request).logout(request)
    return _page(draft)


def _change(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    return _page(draft, change="1")


def _cancel(request: HttpRequest, draft: KeptDraft) -> HttpResponse:
    """Cancel every attempt to sign in: later answers of providers are ignored, and no code is awaited."""
    allauth_internals.forget_provider_states(request)
    login_codes.forget(request)
    return _page(draft)


_STEPS: dict[str, Callable[[HttpRequest, KeptDraft], HttpResponse]] = {
    "email": _email,
    "code": _code,
    "passkey": _passkey,
    "account": _account,
    "log-out": _log_out,
    "change": _change,
    "cancel": _cancel,
}


@require_safe
def came_back(request: HttpRequest, article_id: int) -> HttpResponse:
    """Where every provider returns to: leads to the form's page, the article, or a pop-up that tells the article."""
    article = published(article_id)
    outcome = request.GET.get("sign_in", "")
    draft = kept_drafts.find(request, request.GET.get("trip", ""))
    if draft is None or draft.article_id != article.pk:
        draft = KeptDraft(article=article)
    if draft.back == KeptDraft.Back.WINDOW:
        said = message(outcome, draft.provider)
        context = {"article": article, "draft": draft, "outcome": said["code"] if said else "", "said": said}
        return private(render(request, "comments/returned.html", context))
    if outcome or draft.back == KeptDraft.Back.PAGE:
        return private(_page(draft, said=outcome, by=draft.provider if outcome else ""))
    where = urlsplit(safe_next(request, draft.typed.get("from", "")))
    path = where.path if where.path not in {"", "/"} else article.get_absolute_url()
    query = f"?{where.query}" if where.query else ""
    return private(SeeOther(f"{path}{query}#respond"))


def message(outcome: str, provider: str) -> dict[str, Any] | None:
    """Return the message about how signing in ended; None if there is nothing to say."""
    label = label_of(provider) or _("The other site")
    match outcome:
        case "denied":
            sentence = _("You did not sign in with %(provider)s. Nothing has changed.") % {"provider": label}
            return {"code": "sign_in_denied", "sentence": sentence, "status": 200}
        case "failed":
            sentence = _(
                "Signing in with %(provider)s did not work. Please try again, or choose another way; your text is kept."
            ) % {"provider": label}
            return {"code": "sign_in_failed", "sentence": sentence, "status": 401}
    return None


def reply_form(request: HttpRequest, article: Article) -> HttpResponse:
    """The form on its own page, with the kept draft, and with what its reader has left here."""
    asked = request.GET.get("parent")
    kept = kept_drafts.newest(request, article, asked)
    typed = {"parent": asked or ""} | (kept.typed if kept else {})
    said = message(request.GET.get("said", ""), request.GET.get("by", ""))
    response = reply_page(request, article, typed, changing="change" in request.GET, said=said, with_own=True)
    if said:
        response.status_code = said["status"]
    return response
