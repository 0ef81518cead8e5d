"""Everything about a person, as they may have it: one JSON file, or the same as a page.

The file is one object. `format`, `version`, `site`, `made_at` and `addresses` say what it is; each further key is the
name of a section (`SECTIONS`), with a list of objects. Keys stay what they are; later versions may have more. Times are
ISO 8601 with their zone, addresses of pages are absolute, and what is empty is "" or null. Nothing is a formula:
nothing here is read by a spreadsheet.

Left out is where a guest's comment came from, unless its address was confirmed; and what would tell the person what the
site has not told them: a comment that a rule made spam or trash waits, as on their own pages, until a person decides;
bans that nobody was told of; notes of moderators. Secrets (passwords, keys of sessions, second factors) are named, not
shown.

To add a section, write a function that yields rows, and its line in SECTIONS with its words in `reading`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower
from django.utils import timezone

from articles.models.taxonomy import Author
from comments.authors.my_comments import state_of
from comments.models import (
    Appeal,
    Ban,
    BanAppeal,
    Decision,
    EmailConfirmation,
    MailPreferences,
    Report,
    Subscription,
)
from comments.objections.reports import Reporter
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.client_address import UNKNOWN
from newsreader.kit.web import absolute
from newsreader.mailing.letter_titles import title_of
from newsreader.mailing.tokens import folded
from newsreader.personal_data import people
from newsreader.personal_data.people import Person

FORMAT, VERSION = "newsreader-my-data", 1
AT_ONCE = 200  # rows that are read at once
MAILS = dt.timedelta(days=30)
Row = dict[str, Any]


def as_json(person: Person) -> Iterator[str]:
    """Yield the file in pieces, however long it is: a few hundred rows are in memory."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "site": settings.SITE_URL,
        "made_at": timezone.now(),
        "addresses": list(person.addresses),
    }
    yield _dumped(head).rstrip()[:-1].rstrip()
    for name, section in SECTIONS.items():
        yield f',\n  "{name}": ['
        between = "\n    "
        for row in section(person):
            yield between + _dumped(row).replace("\n", "\n    ")
            between = ",\n    "
        yield "]" if between == "\n    " else "\n  ]"
    yield "\n}\n"


def _dumped(value: Row) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _all(rows: QuerySet[Any]) -> Iterator[Any]:
    """Yield rows by their keys, a few at a time: no cursor is held open while somebody's line is slow."""
    last: Any = None
    rows = rows.order_by("pk")
    while some := list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE]):
        yield from some
        last = some[-1].pk


def _columns(row: Model, *names: str) -> Row:
    return {name: getattr(row, name) for name in names}


def _file(name: str) -> str:
    return absolute(default_storage.url(name)) if name else ""


# --- Sections -----------------------------------------------------------------------------------------------------


def accounts(person: Person) -> Iterator[Row]:
    for user in person.users:
        yield _columns(user, "username", "name", "first_name", "last_name", "email", "language") | {
            "portrait": _file(user.avatar),
            "joined_at": user.date_joined,
            "last_sign_in_at": user.last_login,
            "roles": sorted(user.groups.values_list("name", flat=True)),
        }


def sign_in(person: Person) -> Iterator[Row]:
    """The ways to sign in: a password, passkeys, apps, and accounts at providers with what these have said."""
    for user in person.users:
        if user.has_usable_password():
            yield {"way": "password"}
    for factor in _all(Authenticator.objects.filter(user__in=person.accounts)):
        name = factor.data.get("name", "") if factor.type == Authenticator.Type.WEBAUTHN else ""
        yield {"way": str(factor.type), "name": name, "since": factor.created_at, "last_used_at": factor.last_used_at}
    for account in _all(SocialAccount.objects.filter(user__in=person.accounts)):
        yield {
            "way": account.provider,
            "id": account.uid,
            "since": account.date_joined,
            "last_used_at": account.last_login,
            "told": account.extra_data,
        }


def email_addresses(person: Person) -> Iterator[Row]:
    for row in _all(EmailAddress.objects.filter(user__in=person.accounts)):
        yield {"email": row.email, "confirmed": row.verified, "primary": row.primary}


def identities(person: Person) -> Iterator[Row]:
    """Who they are when they leave a reply: one for each account that they have used for it."""
    rows = CommenterIdentity.objects.filter(pk__in=person.identities)
    for row in _all(rows):
        names = ("provider", "uid", "display_name", "profile_url", "email", "email_verified", "verified_at")
        yield _columns(row, *names) | {
            "picture": _file(row.avatar),
            "picture_source": row.avatar_source,
            "first_seen_at": row.created_at,
        }


def sessions(person: Person) -> Iterator[Row]:
    for row in _all(UserSession.objects.filter(user__in=person.accounts)):
        yield {
            "ip_address": "" if row.ip == UNKNOWN else row.ip,
            "browser": row.user_agent,
            "began_at": row.created_at,
            "last_seen_at": row.last_seen_at,
        }


def comments(person: Person) -> Iterator[Row]:
    last = Decision.objects.filter(comment=OuterRef("pk")).order_by("-number")
    rows = person.comments.select_related("article", "connection_data").defer("article__body", "html")
    rows = rows.prefetch_related("revisions").annotate(
        last_source=Subquery(last.values("source")[:1]),
        last_reasons=Subquery(last.values("reasons")[:1]),
        is_confirmed=Exists(EmailConfirmation.objects.filter(comment=OuterRef("pk"), confirmed_at__isnull=False)),
    )
    for row in _all(rows):
        data = getattr(row, "connection_data", None)
        # Anybody can have typed the address: where such a comment came from may be somebody else's to know.
        origin = data if row.identity_id or row.is_confirmed else None
        is_published = row.article.state == "published"
        yield {
            "id": row.pk,
            "status": state_of(row),
            "article": row.article.headline if is_published else "",
            "article_url": absolute(row.article.get_absolute_url()) if is_published else "",
            "reply_to": row.parent_id,
            "left_at": row.created_at,
            "edited_at": row.edited_at,
            "picked_at": row.picked_at,
            "name": row.name,
            "website": row.website,
            "email": data.email if data else "",
            "text": row.body,
            "earlier_texts": [
                {"text": earlier.body, "until": earlier.replaced_at}
                for earlier in sorted(row.revisions.all(), key=lambda each: each.pk)
            ],
            "portrait": _file(row.avatar),
            "left_through": row.channel,
            "language": row.language,
            "ip_address": origin.shown_address if origin else "",
            "browser": origin.user_agent if origin else "",
        }


def reports(person: Person) -> Iterator[Row]:
    keys = [Reporter(user=user).key for user in person.users]
    mine = Q(account__in=person.accounts) | Q(reporter__in=keys) | Q(folded__in=person.addresses)
    for row in _all(Report.objects.alias(folded=Lower("email")).filter(mine)):
        names = ("reason", "detail", "law", "good_faith", "name", "email", "objection", "objected_at")
        yield (
            {"comment": row.comment_id, "reported_at": row.created_at}
            | _columns(row, *names)
            | {
                "outcome": row.outcome or "open",
                "settled_at": row.settled_at,
            }
        )


def appeals(person: Person) -> Iterator[Row]:
    for row in _all(Appeal.objects.filter(comment__in=person.comments.values("pk"))):
        yield {
            "comment": row.comment_id,
            "text": row.text,
            "appealed_at": row.created_at,
            "outcome": row.outcome or "open",
            "settled_at": row.settled_at,
        }


def bans(person: Person) -> Iterator[Row]:
    """Bans of their accounts and addresses that they are told of; those of networks concern others, too."""
    mine = Q(identity__in=person.identities) | Q(email__in=person.addresses)
    for row in _all(Ban.objects.filter(mine, quiet=False)):
        names = ("email", "reason", "ends_at", "lifted_at")
        yield {"since": row.created_at} | _columns(row, *names)


def ban_appeals(person: Person) -> Iterator[Row]:
    mine = Q(ban__identity__in=person.identities) | Q(ban__email__in=person.addresses)
    found = BanAppeal.objects.filter(Q(mine, by_owner=True) | Q(appellant__in=person.appellants), ban__quiet=False)
    for row in _all(found):
        yield {
            "text": row.text,
            "appealed_at": row.created_at,
            "outcome": row.outcome or "open",
            "settled_at": row.settled_at,
        }


def mail_choices(person: Person) -> Iterator[Row]:
    """What they want to be told by mail, by address, and how; what they have ended is left out."""
    wanted = MailPreferences.objects.filter(folded__in=[folded(address) for address in person.addresses])
    for row in _all(wanted):
        names = ("address", "frequency", "hour", "quiet_from", "quiet_until", "zone", "language")
        told = row.subscriptions.filter(ended_at=None).order_by("pk")
        yield (
            _columns(row, *names)
            | {
                "wanted_since": row.created_at,
                "confirmed_at": row.confirmed_at,
                "stopped_at": row.stopped_at,
                "own_comments": row.own_comments,
            }
            | {"told_about": [_told(each) for each in told.select_related("section", "author")]}
        )


def _told(row: Subscription) -> Row:
    return {
        "what": row.scope,
        "comment": row.comment_id,
        "article_number": row.article_id,
        "name": str(row.section or row.author or ""),
        "since": row.created_at,
    }


def mails(person: Person) -> Iterator[Row]:
    """Mails of the last 30 days to their addresses, by their titles: their words are not kept."""
    recent = people.letters_to(person.addresses).filter(created_at__gt=timezone.now() - MAILS)
    for row in _all(recent):
        yield {
            "mail": row.name,
            "title": title_of(row.name),
            "address": row.address,
            "written_at": row.created_at,
            "sent_at": row.sent_at,
        }


def invitations(person: Person) -> Iterator[Row]:
    for row in _all(people.invitations_to(person.addresses)):
        yield {"email": row.email, "role": row.role, "state": str(row.state), "invited_at": row.created_at}


def authors(person: Person) -> Iterator[Row]:
    """Their name over articles, where they write for the newsroom."""
    for row in _all(Author.objects.filter(user__in=person.accounts)):
        yield {"name": row.name, "biography": row.biography, "url": absolute(row.get_absolute_url())}


SECTIONS: dict[str, Callable[[Person], Iterator[Row]]] = {
    "accounts": accounts,
    "sign_in": sign_in,
    "email_addresses": email_addresses,
    "identities": identities,
    "sessions": sessions,
    "comments": comments,
    "reports": reports,
    "appeals": appeals,
    "bans": bans,
    "ban_appeals": ban_appeals,
    "mail_choices": mail_choices,
    "mails": mails,
    "invitations": invitations,
    "authors": authors,
}
