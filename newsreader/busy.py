"""The answer while the database is busy, read-only, full or away: 503, with everything that was typed.

It works for every form of the site, and asks neither the database nor the session.
"""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from newsreader.kit.database_faults import let_go
from newsreader.kit.errors import Busy
from newsreader.kit.http_cache import private
from newsreader.kit.logs import OnceAMinute
from newsreader.kit.problem_details import problem

log = OnceAMinute(logging.getLogger(__name__))
SECRETS = {"password", "password1", "password2", "oldpassword", "code"}  # These are typed again.
LONG = 60  # characters; shorter values are kept out of sight


def busy(request: HttpRequest, fault: BaseException | None = None) -> HttpResponse:
    """Answer 503, over REST as a problem document, else as a page whose button sends the form again."""
    refusal = Busy()
    if fault:
        log.warning("The database is busy or away", fault)
        let_go(fault)
    is_api = request.path.startswith("/api/")
    response = problem(refusal.status, refusal.code, str(refusal)) if is_api else private(_page(request, refusal))
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def _page(request: HttpRequest, refusal: Busy) -> HttpResponse:
    try:
        sent = list(request.POST.lists()) if request.method == "POST" else []
    except (RequestDataTooBig, TooManyFieldsSent, UnreadablePostError):
        sent = []
    typed = [
        {
            "name": name,
            "value": value,
            "label": _("Comment") if name == "text" else name.replace("_", " ").capitalize(),
            "is_long": len(value) > LONG or "\n" in value or name == "text",
        }
        for name, values in sent
        for value in values
        if name not in SECRETS
    ]
    kept = _("Nothing you typed is lost: it is below. Please send it again in a few seconds.")
    context = {
        "title": _("The site is busy"),
        "sentence": kept if typed else _("Please try again in a few seconds."),
        "typed": typed,
        "action": request.get_full_path(),
        "is_reply": request.path.startswith("/articles/") and request.path.endswith("/reply/"),
        "has_files": bool(typed and request.FILES),
    }
    return HttpResponse(render_to_string("busy.html", context), status=refusal.status)
