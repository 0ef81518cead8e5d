"""The page where the reader of an address manages all mails to it, behind a secret address that is in every mail.

Opening it changes nothing; its buttons do, and so does what mail programs send for their own button (RFC 8058). The
token is the right: neither a session nor a CSRF token is asked for, since nobody else knows the address of the page.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_time
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from comments.authors import confirmation
from comments.models import MailPreferences, Subscription
from comments.notifications import subscriptions
from comments.notifications.sending_times import zones
from comments.notifications.subscriptions import Choice
from newsreader.accounts.identities import signed_in_user
from newsreader.kit.errors import DomainError
from newsreader.kit.http_cache import private, secret
from newsreader.kit.numbers import read_id
from newsreader.kit.web import SeeOther, render_form, show_or_take
from newsreader.mailing.tokens import address_of, folded, token_for

MOST = 200  # subscriptions on the page; those that are left come once others are ended
ENDED = dt.timedelta(days=30)  # for so long, what was ended can be begun again by a button
ONE_CLICK = "One-Click"  # the value of `List-Unsubscribe` that RFC 8058 prescribes
SAID = {
    "confirmed": gettext_lazy("Thank you. Your address is confirmed."),
    "saved": gettext_lazy("Your changes are saved."),
    "ended": gettext_lazy("Stopped. You will get no more emails about this."),
    "resumed": gettext_lazy("Started again."),
    "stopped": gettext_lazy("All emails to this address are stopped."),
    "started": gettext_lazy("We will send emails to this address again."),
}


@csrf_exempt  # The token in the address is the right, and a mail program has no other.
@show_or_take
def mail(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page (GET), or do what a button says (POST, `action`)."""
    address = address_of(token)
    if address is None:
        raise Http404
    if request.method != "POST":
        return _page(request, address)
    if request.POST.get("List-Unsubscribe") == ONE_CLICK:
        subscriptions.stop(address)
        return _page(request, address)  # Not a redirect: RFC 8058 forbids it.
    try:
        said = _do(request, address)
    except DomainError as refusal:
        return _page(request, address, refusal)
    return secret(SeeOther(f"{request.path}?said={said}"))


def _do(request: HttpRequest, address: str) -> str:
    """Do what a button says. Returns the key of what is said about it."""
    number = read_id(request.POST.get("subscription", "")) or 0
    match request.POST.get("action", ""):
        case "confirm":
            subscriptions.confirm(address)
            return "confirmed"
        case "end":
            subscriptions.end(address, number)
            return "ended"
        case "resume":
            subscriptions.resume(address, number)
            return "resumed"
        case "stop":
            subscriptions.stop(address)
            return "stopped"
        case "start":
            subscriptions.start_again(address)
            return "started"
        case "save":
            subscriptions.change(address, _choice(request))
            return "saved"
    raise BadRequest("No such action")


def _choice(request: HttpRequest) -> Choice:
    given = request.POST
    return Choice(
        frequency=given.get("frequency", ""),
        hour=_hour(given.get("hour", "")),
        quiet_from=_time(given.get("quiet_from", "")),
        quiet_until=_time(given.get("quiet_until", "")),
        zone=given.get("zone", ""),
        own_comments=given.get("own_comments") == "on",
    )


def _hour(text: str) -> int:
    number = read_id(text)
    return -1 if number is None else number


def _time(text: str) -> dt.time | None:
    """Return a time of day; None for nothing, and for what is no time: then the other one lacks its half."""
    try:
        found = parse_time(text.strip())
    except ValueError:
        return None
    return found.replace(tzinfo=None, microsecond=0) if found else None


def _page(request: HttpRequest, address: str, refusal: DomainError | None = None) -> HttpResponse:
    row = MailPreferences.objects.filter(folded=folded(address)).first() or MailPreferences(address=address)
    listed = list(_listed(row)) if row.pk else []
    shown: Any = row
    if refusal and "frequency" in request.POST:
        shown = {
            name: request.POST.get(name, "") for name in ("hour", "frequency", "quiet_from", "quiet_until", "zone")
        }
        shown["own_comments"] = request.POST.get("own_comments") == "on"
    context = {
        "preferences": row,
        "chosen": shown,
        "unconfirmed": confirmation.pending(address) if row.pk and not row.stopped_at else None,
        "active": [each for each in listed if each.ended_at is None],
        "ended": [each for each in listed if each.ended_at],
        "said": SAID.get(request.GET.get("said", "")) if request.method != "POST" else None,
        "frequencies": MailPreferences.Frequency.choices,
        "hours": [(hour, f"{hour:02}:00") for hour in range(24)],
        "zones": zones(),
        "site_zone": timezone.get_default_timezone_name(),
    }
    return secret(render_form(request, "comments/mail.html", context, refusal))


def _listed(row: MailPreferences) -> QuerySet[Subscription]:
    since = timezone.now() - ENDED
    rows = row.subscriptions.filter(Q(ended_at=None) | Q(ended_at__gt=since))
    rows = rows.select_related("comment__article", "article", "section", "author")
    return rows.defer("comment__article__body", "article__body", "comment__body", "comment__html").order_by("-pk")[
        :MOST
    ]


@login_required
@require_safe
def my_mail(request: HttpRequest) -> HttpResponse:
    """Lead somebody who is signed in to the pages of their verified addresses."""
    user = signed_in_user(request)
    rows = EmailAddress.objects.filter(user=user).order_by("-primary", "email")
    addresses = [
        {"email": row.email, "url": f"/mail/{token_for(row.email)}/" if row.verified else "", "is_primary": row.primary}
        for row in rows
    ]
    return private(render(request, "comments/my_mail.html", {"addresses": addresses}))
