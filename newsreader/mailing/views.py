"""The page behind “This was not me: no more of these”, and where a mail provider tells what became of mails."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsreader.kit.http_cache import private, secret
from newsreader.kit.web import SeeOther, show_or_take
from newsreader.mailing import suppression, tokens
from newsreader.mailing.suppression import Reason

# Imported when something comes: it brings anymail, and with SES boto3, for which sites without a provider have no use.
EVENTS = "newsreader.mailing.provider_events.answer"


@show_or_take
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Ask (GET), or take the answer (POST): no more of these, or, later, mails again. The link proves the address."""
    address = tokens.address_of(token)
    if address is None:
        raise Http404
    if request.method == "POST":
        if request.POST.get("action") == "again":
            suppression.lift([address], [Reason.NOT_ME])
        else:
            suppression.suppress(address, Reason.NOT_ME)
        return secret(SeeOther(request.path))
    stopped = Reason.NOT_ME in suppression.reasons_of([address]).get(address, set())
    return secret(render(request, "mailing/not_me.html", {"address": address, "stopped": stopped}))


@csrf_exempt  # A provider has no session; it brings the secret of EMAIL_URL instead.
@require_http_methods(["HEAD", "POST"])
def events(request: HttpRequest, provider: str) -> HttpResponse:
    """Take what the provider tells of mails. 404 unless EMAIL_URL names this provider, and a secret."""
    chosen = settings.MAIL_PROVIDER
    if chosen is None or not chosen.events or chosen.name != provider:
        raise Http404
    answer: HttpResponse = import_string(EVENTS)(request, chosen.events)
    return private(answer)
