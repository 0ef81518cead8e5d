"""Somebody's data as a page, the same as in the file (`export`): piece by piece, grouped, in words that people know.

A code is worded (`SAID`), a time is in the reader's language, a browser has the name that people know. The file has
them as they are stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import TextChoices
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info, gettext_lazy, override
from django.utils.translation import gettext as _

from comments.audit.reason_texts import worded
from comments.models import Appeal, BanAppeal, Comment, MailPreferences, Report, Subscription
from newsreader.accounts.browsers import browser_of
from newsreader.accounts.identities import label_of, public_name
from newsreader.accounts.models import CommenterIdentity, Invitation, Role
from newsreader.personal_data import export
from newsreader.personal_data.people import Person

PLACE = "<!--sections-->"  # in the template, where they stand
# The headings, and the sections under each.
GROUPS = {
    gettext_lazy("You and your account"): (
        "accounts",
        "email_addresses",
        "sign_in",
        "identities",
        "sessions",
        "invitations",
        "authors",
    ),
    gettext_lazy("What you have written"): ("comments", "reports", "appeals", "bans", "ban_appeals"),
    gettext_lazy("Emails to you"): ("mail_choices", "mails"),
}
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
    "profile_url": gettext_lazy("Profile"), "provider": gettext_lazy("Signed in with"),
    "reason": gettext_lazy("Reason"), "reply_to": gettext_lazy("Reply to comment"),
    "reported_at": gettext_lazy("Reported"), "role": gettext_lazy("Role"), "roles": gettext_lazy("Roles"),
    "sent_at": gettext_lazy("Sent"), "settled_at": gettext_lazy("Settled"), "since": gettext_lazy("Since"),
    "state": gettext_lazy("Status"), "status": gettext_lazy("Status"), "text": gettext_lazy("Text"),
    "title": gettext_lazy("Email"), "told": gettext_lazy("What the provider has told us"),
    "uid": gettext_lazy("Your ID there"), "until": gettext_lazy("Until"), "url": gettext_lazy("Address"),
    "username": gettext_lazy("Username"), "verified_at": gettext_lazy("Confirmed"), "way": gettext_lazy("Way"),
    "website": gettext_lazy("Website"), "written_at": gettext_lazy("Written"),
}  # fmt: skip


def _language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def _way(code: str) -> str:
    if code == CommenterIdentity.OWN:
        return _("Your account with us")
    return str(WAYS.get(code) or label_of(public_name(code)) or code)


def _ban_reason(code: str) -> str:
    return ", ".join(worded([{"code": code}]))


def _labels(choices: type[TextChoices], open_one: str = "open") -> Callable[[str], str]:
    """How a value of these is worded; the file has `open_one` where the column is empty."""

    def label(code: str) -> str:
        return str(dict(choices.choices).get("" if code == open_one else code, code))

    return label


WAYS = {
    "password": gettext_lazy("Password"),
    "totp": gettext_lazy("Authenticator app"),
    "webauthn": gettext_lazy("Passkey"),
    "recovery_codes": gettext_lazy("Recovery codes"),
}
STATES = {
    "pending": gettext_lazy("Waiting for an editor"),
    "approved": gettext_lazy("Published"),
    "refused": gettext_lazy("Refused"),
    "withdrawn": gettext_lazy("Withdrawn by you"),
}
# How codes are said, by section and field, or by field wherever it is; "" leaves a line out that another one says.
SAID: dict[tuple[str, str] | str, Callable[[str], str]] = {
    "language": _language,
    "browser": browser_of,
    "provider": _way,
    "way": _way,
    "frequency": _labels(MailPreferences.Frequency),
    "what": _labels(Subscription.Scope),
    "role": _labels(Role),
    "left_through": _labels(Comment.Channel),
    "mail": lambda code: "",
    ("comments", "status"): lambda code: str(STATES[code]),
    ("invitations", "state"): _labels(Invitation.State, ""),
    ("reports", "reason"): _labels(Report.Reason),
    ("reports", "outcome"): _labels(Report.Outcome),
    ("appeals", "outcome"): _labels(Appeal.Outcome),
    ("ban_appeals", "outcome"): _labels(BanAppeal.Outcome),
    ("bans", "reason"): _ban_reason,
}


def as_page(person: Person, request: HttpRequest) -> Iterator[str]:
    """Return the page in pieces, in the language of this moment: they are made when they are sent, after the request.

    Groups and sections without anything are left out, and so are empty values.
    """
    return _spoken(_pieces(person, request), get_language())


def _spoken(pieces: Iterator[str], language: str | None) -> Iterator[str]:
    while True:
        with override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _pieces(person: Person, request: HttpRequest) -> Iterator[str]:
    page = render_to_string("account/my_data_read.html", {"addresses": person.addresses}, request)
    before, _place, after = page.partition(PLACE)
    yield before
    for title, names in GROUPS.items():
        heading = f"<h2>{escape(title)}</h2>\n"
        for name in names:
            for number, row in enumerate(export.SECTIONS[name](person)):
                if number == 0:
                    yield f'{heading}<h3 class="ledger-head">{escape(TITLES[name])}</h3>\n'
                    heading = ""
                yield _row(row, name)
    yield after


def _row(row: export.Row, section: str) -> SafeString:
    if section == "identities" and row["provider"] == CommenterIdentity.OWN:
        row = row | {"uid": ""}  # It is what the account's own section says.
    shown = ((name, _shown(value, section, name)) for name, value in row.items())
    lines = (f"<div><dt>{escape(WORDS.get(name, name))}</dt><dd>{value}</dd></div>" for name, value in shown if value)
    return mark_safe(f'<dl class="ledger">{"".join(lines)}</dl>\n')


def _shown(value: Any, section: str, field: str) -> str:
    """Return a value as HTML; empty where there is nothing to say."""
    match value:
        case None | "" | [] | {}:
            return ""
        case bool():
            return escape(_("Yes") if value else _("No"))
        case dt.datetime():
            return f'<time datetime="{value.isoformat()}">{_date(value)}</time>'
        case dt.time():
            return escape(time_format(value, "TIME_FORMAT"))
        case list():
            return "".join(f"<div>{shown}</div>" for each in value if (shown := _shown(each, section, field)))
        case dict():
            said = "" if field == "told" else section  # What a provider has said has its own names.
            pairs = ((name, _shown(each, said, name)) for name, each in value.items())
            return "".join(f"<div>{escape(WORDS.get(name, name))}: {each}</div>" for name, each in pairs if each)
        case str() if section:
            say = SAID.get((section, field)) or SAID.get(field) or str
            value = say(value)
    if field == "hour":
        return escape(time_format(dt.time(value), "TIME_FORMAT"))
    if not value and value != 0:
        return ""
    return f"<bdi>{escape(value)}</bdi>".replace("\n", "<br>")


def _date(value: dt.datetime) -> str:
    return escape(date_format(timezone.localtime(value), "DATETIME_FORMAT"))
