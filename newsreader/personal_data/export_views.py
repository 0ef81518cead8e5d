"""The pages where people have their data: with an account, or as a guest by a mailed link. Opening changes nothing.

The data itself is sent for a POST: it is costly to make, and counted.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from newsreader.accounts.identities import signed_in_user
from newsreader.kit.client_address import client_address
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import private, secret
from newsreader.kit.web import render_form, show_or_take
from newsreader.personal_data import export, export_links, people, reading
from newsreader.personal_data.people import Person


@login_required
@show_or_take
def my_data(request: HttpRequest) -> HttpResponse:
    """What is here about one's account, and the buttons for all of it."""
    person = people.of_account(signed_in_user(request).pk)
    return secret(_answer(request, person, "account/my_data.html"))


@show_or_take
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The same for a guest who has followed the link in a mail."""
    try:
        person = export_links.person_of(token)
    except DomainError as refusal:
        return secret(render_form(request, "account/my_data_ask.html", {"typed": ""}, refusal))
    return secret(_answer(request, person, "account/my_data_link.html"))


@show_or_take
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """A guest asks for the link. The answer is the same whether the site knows the address or not."""
    typed, refusal = request.POST.get("email", ""), None
    if request.method == "POST":
        try:
            export_links.send(typed, from_address=client_address(request))
        except DomainError as fault:
            refusal = fault
    context = {"typed": typed, "sent": request.method == "POST" and refusal is None}
    return private(render_form(request, "account/my_data_ask.html", context, refusal))


def _answer(request: HttpRequest, person: Person, template: str) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            export_links.count(person)
            return _sent(request, person)
        except DomainError as fault:
            refusal = fault
    return render_form(request, template, {"held": person.held(), "addresses": person.addresses}, refusal)


def _sent(request: HttpRequest, person: Person) -> HttpResponse:
    if request.POST.get("form") == "page":
        page: Any = StreamingHttpResponse(reading.as_page(person, request))
        return page
    file: Any = StreamingHttpResponse(export.as_json(person), content_type="application/json")
    file["Content-Disposition"] = f'attachment; filename="my-data-{timezone.now():%Y-%m-%d}.json"'
    return file
