"""The page behind “This was not me: no more of these” in mails that anybody can ask for."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from newsreader.kit.http_cache import secret
from newsreader.kit.web import SeeOther, show_or_take
from newsreader.mailing import suppression, tokens
from newsreader.mailing.suppression import Reason


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
