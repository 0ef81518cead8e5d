"""The pages for being erased: an account, a guest by a mailed link, and cancelling. Opening them changes nothing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from newsreader.accounts.identities import signed_in_user
from newsreader.kit.client_address import client_address
from newsreader.kit.errors import DomainError, Invalid
from newsreader.kit.http_cache import private, secret
from newsreader.kit.web import SeeOther, render_form, show_or_take
from newsreader.personal_data import requests


@login_required
@show_or_take
def erase_account(request: HttpRequest) -> HttpResponse:
    """What becomes of one's account, and the button. With a request: when it is carried out, and how to cancel it."""
    user, refusal = signed_in_user(request), None
    if request.method == "POST":
        try:
            requests.ask(user, text=request.POST.get("text", ""))
        except DomainError as fault:
            refusal = fault
        else:
            return private(redirect("erase_account"))
    context = {"row": requests.request_of(user), "text": request.POST.get("text", "keep")}
    return private(render_form(request, "account/erase.html", context, refusal))


@login_required
@require_POST
def cancel_own(request: HttpRequest) -> HttpResponse:
    """Cancel the request of one's account."""
    if row := requests.request_of(signed_in_user(request)):
        try:
            requests.cancel(row.pk)
            messages.success(request, _("Your account stays as it is."))
        except DomainError as refusal:
            messages.error(request, str(refusal))
    return private(redirect("my_page"))


@show_or_take
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """A guest asks for a link, by mail. The answer is the same whether the site knows the address or not."""
    refusal, sent = None, False
    if request.method == "POST":
        try:
            requests.send_link(request.POST.get("email", ""), from_address=client_address(request))
            sent = True
        except DomainError as fault:
            refusal = fault
    context = {"sent": sent, "typed": request.POST.get("email", "")}
    return private(render_form(request, "account/erasure_ask.html", context, refusal))


@show_or_take
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the mailed link: what becomes of a guest's comments, and the button."""
    try:
        address, refusal = requests.address_in(token), None
        if request.method == "POST":
            row = requests.ask_by_link(token, text=request.POST.get("text", ""))
            return secret(SeeOther(requests.page_of(row)))
    except Invalid as fault:
        refusal = fault
    except DomainError as fault:
        return secret(render_form(request, "account/erasure_gone.html", {}, fault))
    context = {"address": address, "text": request.POST.get("text", "keep")}
    return secret(render_form(request, "account/erasure_link.html", context, refusal))


@show_or_take
def request_page(request: HttpRequest, request_id: int, token: str) -> HttpResponse:
    """When a request is carried out, and the button that cancels it."""
    try:
        row = requests.find(request_id, token)
        if request.method == "POST":
            requests.cancel(row.pk)
            return secret(render(request, "account/erasure_request.html", {"cancelled": True}))
    except DomainError as refusal:
        return secret(render_form(request, "account/erasure_gone.html", {}, refusal))
    return secret(render(request, "account/erasure_request.html", {"row": row}))
