"""Somebody's data as a page, the same as in the file (`export`): written piece by piece, in words that people know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsreader.personal_data import export
from newsreader.personal_data.people import Person

PLACE = "<!--sections-->"  # in the template, where they stand
TITLES = {
    "accounts": gettext_lazy("Your account"),
    "sign_in": gettext_lazy("How you sign in"),
    "email_addresses": gettext_lazy("Your email addresses"),
    "identities": gettext_lazy("Who you are when you leave a reply"),
    "sessions": gettext_lazy("Where you are signed in"),
    "comments": gettext_lazy("Your comments"),
    "reports": gettext_lazy("Your reports"),
    "appeals": gettext_lazy("Your appeals"),
    "bans": gettext_lazy("Bans"),
    "ban_appeals": gettext_lazy("Your appeals against bans"),
    "mail_choices": gettext_lazy("What you are told by email"),
    "mails": gettext_lazy("Emails of the last 30 days"),
    "invitations": gettext_lazy("Invitations to the newsroom"),
    "authors": gettext_lazy("Your name over articles"),
}
WORDS = {
    "appealed_at": gettext_lazy("Appealed"), "address": gettext_lazy("To"), "article": gettext_lazy("Article"),
    "article_number": gettext_lazy("Number of the article"), "confirmed_at": gettext_lazy("Confirmed"),
    "frequency": gettext_lazy("How often"), "hour": gettext_lazy("Hour of the day"),
    "own_comments": gettext_lazy("What is decided about your comments"),
    "quiet_from": gettext_lazy("Quiet from"), "quiet_until": gettext_lazy("Quiet until"),
    "stopped_at": gettext_lazy("Stopped"), "told_about": gettext_lazy("What you asked for"),
    "wanted_since": gettext_lazy("Since"), "what": gettext_lazy("What"), "zone": gettext_lazy("Time zone"),
    "article_url": gettext_lazy("Address of the article"), "began_at": gettext_lazy("Began"),
    "biography": gettext_lazy("Biography"), "browser": gettext_lazy("Browser"), "comment": gettext_lazy("Comment"),
    "confirmed": gettext_lazy("Confirmed"), "detail": gettext_lazy("In your words"),
    "display_name": gettext_lazy("Name"), "earlier_texts": gettext_lazy("Earlier texts"),
    "edited_at": gettext_lazy("Edited"), "email": gettext_lazy("Email"),
    "email_verified": gettext_lazy("Email confirmed"), "ends_at": gettext_lazy("Until"),
    "first_name": gettext_lazy("First name"), "first_seen_at": gettext_lazy("First seen"),
    "good_faith": gettext_lazy("In good faith"), "id": gettext_lazy("Number"), "invited_at": gettext_lazy("Invited"),
    "ip_address": gettext_lazy("IP address"), "joined_at": gettext_lazy("Since"),
    "language": gettext_lazy("Language"), "last_name": gettext_lazy("Last name"),
    "last_seen_at": gettext_lazy("Last seen"), "last_sign_in_at": gettext_lazy("Last sign-in"),
    "last_used_at": gettext_lazy("Last used"), "law": gettext_lazy("Law"), "left_at": gettext_lazy("Left"),
    "left_through": gettext_lazy("Left through"), "lifted_at": gettext_lazy("Lifted"),
    "mail": gettext_lazy("Kind"), "name": gettext_lazy("Name"), "objected_at": gettext_lazy("Objected"),
    "objection": gettext_lazy("Objection"), "outcome": gettext_lazy("Outcome"), "picked_at": gettext_lazy("Picked"),
    "picture": gettext_lazy("Picture"), "picture_source": gettext_lazy("Picture at the provider"),
    "portrait": gettext_lazy("Picture"), "primary": gettext_lazy("Main address"),
    "profile_url": gettext_lazy("Profile"), "provider": gettext_lazy("Account of"),
    "reason": gettext_lazy("Reason"), "reply_to": gettext_lazy("Reply to comment"),
    "reported_at": gettext_lazy("Reported"), "role": gettext_lazy("Role"), "roles": gettext_lazy("Roles"),
    "sent_at": gettext_lazy("Sent"), "settled_at": gettext_lazy("Settled"), "since": gettext_lazy("Since"),
    "state": gettext_lazy("Status"), "status": gettext_lazy("Status"), "text": gettext_lazy("Text"),
    "title": gettext_lazy("Email"), "told": gettext_lazy("What the provider has told us"),
    "uid": gettext_lazy("Number there"), "until": gettext_lazy("Until"), "url": gettext_lazy("Address"),
    "username": gettext_lazy("Username"), "verified_at": gettext_lazy("Confirmed"), "way": gettext_lazy("Way"),
    "website": gettext_lazy("Website"), "written_at": gettext_lazy("Written"),
}  # fmt: skip


def as_page(person: Person, request: HttpRequest) -> Iterator[str]:
    """Yield the page in pieces. Sections without anything are left out, and so are empty values."""
    page = render_to_string("account/my_data_read.html", {"addresses": person.addresses}, request)
    before, _place, after = page.partition(PLACE)
    yield before
    for name, section in export.SECTIONS.items():
        number = 0
        for number, row in enumerate(section(person), start=1):
            if number == 1:
                yield f'<h2 class="ledger-head">{escape(TITLES[name])}</h2>\n'
            yield _row(row)
    yield after


def _row(row: export.Row) -> SafeString:
    shown = ((name, _shown(value)) for name, value in row.items())
    lines = (f"<div><dt>{escape(WORDS.get(name, name))}</dt><dd>{value}</dd></div>" for name, value in shown if value)
    return mark_safe(f'<dl class="ledger">{"".join(lines)}</dl>\n')


def _shown(value: Any) -> str:
    """Return a value as HTML; empty where there is nothing to say."""
    match value:
        case None | "" | [] | {}:
            return ""
        case bool():
            return escape(_("Yes") if value else _("No"))
        case dt.datetime():
            return f'<time datetime="{value.isoformat()}">{_date(value)}</time>'
        case list():
            return "".join(f"<div>{shown}</div>" for each in value if (shown := _shown(each)))
        case dict():
            pairs = ((name, _shown(each)) for name, each in value.items())
            return "".join(f"<div>{escape(WORDS.get(name, name))}: {each}</div>" for name, each in pairs if each)
    return f"<bdi>{escape(value)}</bdi>".replace("\n", "<br>")


def _date(value: dt.datetime) -> str:
    return escape(date_format(timezone.localtime(value), "DATETIME_FORMAT"))
