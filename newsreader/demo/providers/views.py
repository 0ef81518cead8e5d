"""The played providers' addresses, below `/demo/providers/<name>/`: a page for the browser, answers for the site.

Anybody may be anybody here, so they exist on loopback alone: elsewhere `newsreader.settings` refuses to start, and a
request by another host's name is answered 404.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from newsreader.accounts.identities import label_of, shown_name
from newsreader.demo.providers.accounts import people_at, uid_of
from newsreader.demo.providers.protocol import Answer, Grant, Protocol, Refused, Seen, demand, step_of
from newsreader.kit.http_cache import private

_protocol = Protocol()


@csrf_exempt  # The site's own requests have no cookie. What people send is checked below.
@require_http_methods(["GET", "POST"])
def provider(request: HttpRequest, way: str, path: str) -> HttpResponse:
    """Answer as a provider does."""
    found = step_of(f"/{path}")
    if way not in settings.DEMONSTRATED or not _is_here(request.get_host()) or found is None or found[1] != way:
        raise Http404
    step, seen = found[0], _seen(request, path)
    try:
        if step == "authorize":
            _protocol.check(way, replace(seen, method="GET"))
            demand(_is_here(urlsplit(seen.query["redirect_uri"]).netloc), 400, "invalid_redirect_uri")
            return private(_authorize(request, way, seen))
        return private(_response(_protocol.token(way, seen) if step == "token" else _protocol.profile(way, seen)))
    except Refused as refused:
        return private(_response(refused.answer))


@csrf_protect
def _authorize(request: HttpRequest, way: str, seen: Seen) -> HttpResponse:
    """Ask who is signing in; the answer leads back to the site."""
    people = people_at(way)
    person, name = people.get(seen.form.get("person", "")), shown_name(seen.form.get("name", ""))
    allowed = seen.form.get("decision") == "continue"
    if request.method != "POST" or (allowed and person is None):
        page = {
            "title": _("%s (demonstration)") % label_of(way),
            "label": label_of(way),
            "people": people.values(),
            "way": way,
        }
        return render(request, "demo/provider.html", page, status=200 if request.method == "GET" else 400)
    person = person or next(iter(people.values()))
    if name:
        uid = uid_of(name)
        person = replace(person, uid=uid, name=name, username=f"u{uid}", email=f"u{uid}@{way}.example")
    home = _protocol.way_home(Grant(way, seen.query, person), allowed=allowed)
    return HttpResponseRedirect(f"{seen.query['redirect_uri']}?{urlencode(home)}")


def _is_here(netloc: str) -> bool:
    """Say whether this host is meant, by its name or number."""
    return split_domain_port(netloc)[0].strip("[]") in settings.LOOPBACK


def _seen(request: HttpRequest, path: str) -> Seen:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Seen(request.method or "", f"/{path}", request.GET.dict(), request.POST.dict(), headers)


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, content_type=answer.kind, status=answer.status)
