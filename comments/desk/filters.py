"""Which comments the queue lists: one of its views, narrowed by filters and search.

The page, the REST queue and decisions about "all that match" read the same parameters and find the same comments.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError

from articles.models.article import Article
from articles.models.taxonomy import Section
from comments.audit.reason_texts import is_known, kind_of
from comments.desk.networks import begins, from_network
from comments.models import Comment, ConnectionData, Decision, Label, search_index
from comments.models.permissions import moderates_everything
from comments.models.querysets import CommentQuerySet
from comments.objections import appeals
from comments.screening.history import FIRST_COMMENT
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.numbers import ids_in, read_id
from newsreader.kit.rest import moment, whole_number
from newsreader.kit.search_words import Sought
from newsreader.kit.text import tidy_line

COUNTED = 1000  # Counting stops here: nobody needs the exact number of a million rows.
# The queue's views, in the order of its tabs.
VIEWS = {
    "pending": _("Waiting"),
    "reported": _("Reported"),
    "appeals": _("Appeals"),
    "unanswered": _("Unanswered"),
    "approved": _("Approved"),
    "spam": _("Spam"),
    "trash": _("Trash"),
    "all": _("All"),
}
# What each view says where it is empty.
EMPTY = {
    "pending": _("Nothing is waiting. New comments that need a decision appear here, oldest first."),
    "reported": _("No open reports. When readers report a comment, it appears here."),
    "appeals": _("No open appeals. Authors can appeal once against a refusal, and a different editor decides."),
    "unanswered": _("Nothing unanswered. Published comments without a reply from the newsroom appear here."),
    "approved": _("No published comments yet."),
    "spam": _("No spam. What the rules or moderators take for spam is kept here and can be restored."),
    "trash": _("The trash is empty. What is removed is kept here and can be restored."),
    "all": _("No comments yet."),
}
OLDEST_FIRST = {"pending", "reported", "appeals"}  # These list the oldest first; all others the newest.
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_ADDRESS = re.compile(r"(?=.*[0-9])[0-9a-f:.]*[:.][0-9a-f:.]*(/[0-9]{1,3})?", re.IGNORECASE)


def _text(text: str, name: str) -> str:
    return tidy_line(text)[:200]


def _one_of(names: Collection[str]) -> Callable[[str, str], str]:
    def read(text: str, name: str) -> str:
        if text not in names:
            raise ValueError(name)
        return text

    return read


def _code(text: str, name: str) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError(name)
    return text


def _yes(text: str, name: str) -> bool:
    return text not in {"", "0", "no", "false"}


_READERS: dict[str, Callable[[str, str], Any]] = {
    "status": _one_of(VIEWS), "q": _text, "reason": _code, "article": whole_number, "section": whole_number,
    "author": _text, "network": _text, "since": moment, "until": moment, "language": _code, "links": _yes,
    "label": _one_of(Label.Kind.values), "mine": _yes,
}  # fmt: skip
NAMES = frozenset(_READERS)  # of the parameters


@dataclass(frozen=True)
class Filter:
    """What the queue is asked for, by the names of its parameters.

    `reason` is a code of the last decision; `author` an email address, or `account:12` with an identity's id; `network`
    an IP address, a network or the beginning of an address; `mine`: handed to the moderator who asks.
    """

    status: str = "pending"
    q: str = ""
    reason: str = ""
    article: int = 0
    section: int = 0
    author: str = ""
    network: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    language: str = ""
    links: bool = False
    label: str = ""
    mine: bool = False

    @classmethod
    def read(cls, given: Mapping[str, str]) -> tuple[Filter, list[str]]:
        """Return the filter for these parameters, and the names of those with invalid values."""
        values, odd = {}, []
        for name, reader in _READERS.items():
            if text := given.get(name, "").strip():
                try:
                    values[name] = reader(text, name)
                except (ValueError, ParseError):
                    odd.append(name)
        return cls(**values), odd

    def naming_nothing(self, user: Any) -> list[str]:
        """Return the parameters whose reason is none, or whose article, section or account none for this moderator."""
        everything = moderates_everything(user)
        articles = Article.objects.all() if everything else Article.objects.visible_to(user)
        there = {
            "article": (self.article, articles),
            "section": (self.section, Section.objects.all()),
            "author": (_account(self.author), CommenterIdentity.objects.all()),
        }
        nothing = [name for name, (pk, rows) in there.items() if pk and not rows.filter(pk=pk).exists()]
        return nothing if not self.reason or is_known(self.reason) else ["reason", *nothing]

    @property
    def is_narrowed(self) -> bool:
        """Say whether anything besides a view is asked for."""
        return any(getattr(self, field.name) != field.default for field in fields(self) if field.name != "status")

    @property
    def order(self) -> tuple[str, str]:
        return ("created_at", "id") if self.status in OLDEST_FIRST else ("-created_at", "-id")

    def rows(self, user: Any, *, view: str = "") -> CommentQuerySet:
        """Return what this moderator finds, unordered; `view` overrides the filter's own view."""
        rows = _of_view(Comment.objects.moderated_by(user), view or self.status, user)
        for name in ("article", "language"):
            if value := getattr(self, name):
                rows = rows.filter(**{name: value})
        if self.section:
            rows = rows.filter(article__section=self.section)
        if self.since:
            rows = rows.filter(created_at__gte=self.since)
        if self.until:
            rows = rows.filter(created_at__lt=self.until)
        if self.links:
            rows = rows.filter(link_count__gt=0)
        if self.label:
            rows = rows.filter(Exists(Label.objects.filter(comment=OuterRef("pk"), kind=self.label)))
        if self.mine:
            rows = rows.filter(assigned_to=user)
        rows = _by_author(rows, self.author) if self.author else rows
        rows = rows.filter(from_network(self.network)) if self.network else rows
        return rows.filter(self._sought, self._reasoned)

    # Cached: every tab counts its own part of it.

    @cached_property
    def _sought(self) -> Q:
        return sought(self.q)

    @cached_property
    def _reasoned(self) -> Q:
        return reasoned(self.reason) if self.reason else Q()


def _of_view(rows: CommentQuerySet, view: str, user: Any) -> CommentQuerySet:
    match view:
        case "all":
            return rows
        case "reported":
            return rows.filter(flag_count__gt=0)
        case "appeals":
            return rows.filter(appeal__in=appeals.appeals_waiting(user))
        case "unanswered":
            answers = Comment.objects.filter(parent=OuterRef("pk"), status=Comment.Status.APPROVED, by_staff=True)
            return rows.filter(~Exists(answers), status=Comment.Status.APPROVED, by_staff=False)
    return rows.filter(status=view)


def _account(author: str) -> int | None:
    """Return the identity that `account:12` names; None for an email address."""
    kind, _, number = author.partition(":")
    return read_id(number) if kind == "account" else None


def _by_author(rows: CommentQuerySet, author: str) -> CommentQuerySet:
    if identity_id := _account(author):
        return rows.filter(identity=identity_id)
    return rows.filter(connection_data__email__in={author, author.lower()})


def sought(query: str) -> Q:
    """Return the condition that every word matches: at the start of a word in name or text, of email or IP address.

    Of an email address the part before the @ counts, and the domain, too. Words that are in addresses match all there,
    or all in names and texts.
    """
    wanted, plain, others = Q(), list[Sought](), list[Sought]()
    mailed: set[int] | None = None
    for word in query.split()[: search_index.WORDS]:
        if word.startswith("@") and word != "@":
            wanted &= Q(pk__in=search_index.at_hand(_with_domain(word[1:])))
        elif "@" in word:
            wanted &= begins("connection_data__email", word) | begins("connection_data__email", word.lower())
        elif _ADDRESS.fullmatch(word):
            of_word = set(_with_email(word))  # Of `cafe1.de`, which might be an IP address.
            wanted &= (
                from_network(word) | Q(pk__in=search_index.at_hand(sorted(of_word))) if of_word else from_network(word)
            )
        elif parts := search_index.words_in(word):
            plain += parts
            if of_word := set(_with_email(word)):
                mailed = of_word if mailed is None else mailed & of_word
            else:
                others += parts
        else:
            return Q(pk__in=[])
    if not plain:
        return wanted
    found = search_index.with_words(plain)
    if mailed:
        at_addresses = search_index.at_hand(sorted(mailed))
        if others:
            at_addresses = _joined(at_addresses, "INTERSECT", search_index.with_words(others))
        found = _joined(at_addresses, "UNION", found)  # One list of ids: of two, databases read all comments.
    return wanted & Q(pk__in=found)


def _joined(ids: RawSQL, operator: str, others: RawSQL) -> RawSQL:
    return RawSQL(f"{ids.sql} {operator} {others.sql}", [*ids.params, *others.params])  # noqa: S611  Both are our own.


def _with_email(word: str) -> list[int]:
    """Return the newest comments whose email address or its domain begins with this, as it is or in lower case."""
    if len(word) < 2:  # Nearly all do.
        return []
    forms = {word, word.lower(), word.capitalize()}
    rows = ConnectionData.objects.filter(reduce(or_, (begins("email", form) for form in forms)))
    return sorted({*_newest(rows), *_with_domain(word)})


def _with_domain(domain: str) -> list[int]:
    whole = _newest(ConnectionData.objects.filter(domain=domain.lower()))
    if len(whole) == search_index.MOST:  # A mail service that half of them have: in the order of the index.
        return whole
    return _newest(ConnectionData.objects.filter(begins("domain", domain.lower())))


def _newest(rows: QuerySet[ConnectionData]) -> list[int]:
    return list(rows.order_by("-comment").values_list("comment", flat=True)[: search_index.MOST])


def reasoned(code: str) -> Q:
    """Return the comments whose last decision gives this reason: the newest, as many as a search finds."""
    last = Decision.objects.filter(comment=OuterRef("comment")).order_by("-number").values("pk")[:1]
    # A text match first: an index on reasons would slow every decision down, and parsing all JSON is slow.
    naming = Decision.objects.annotate(reasons_text=Cast("reasons", TextField())).filter(
        reasons_text__contains=f'"{code}"'
    )
    newest = naming.filter(pk=Subquery(last)).order_by("-pk").values_list("comment_id", "reasons")[: search_index.MOST]
    return Q(pk__in=search_index.at_hand([pk for pk, reasons in newest if any(one["code"] == code for one in reasons)]))


# --- What is shown of a filter ------------------------------------------------------------------------------------

# The three that are needed most: parameter, value, label.
QUICK = (
    ("mine", "1", _("Handed to me")),
    ("links", "1", _("With links")),
    ("reason", FIRST_COMMENT, _("First comments")),
)


@dataclass(frozen=True)
class Chip:
    """A filter as a link: a parameter and the value that following the link gives it (None: takes it away)."""

    label: Any
    name: str
    value: str | None
    is_on: bool


def quick(wanted: Filter) -> list[Chip]:
    """Return the filters that are needed most, each to switch on, or off."""
    chips = []
    for name, value, label in QUICK:
        on = str(int(given) if isinstance(given := getattr(wanted, name), bool) else given) == value
        chips.append(Chip(label, name, None if on else value, on))
    return chips


def active(wanted: Filter, article: Article | None, sections: Collection[Section]) -> list[Chip]:
    """Return every other filter in force, as what can be taken away."""
    shown: dict[str, Any] = {
        "q": wanted.q and f"“{wanted.q}”",
        "reason": wanted.reason and kind_of(wanted.reason),
        "article": wanted.article and (article.headline if article else wanted.article),
        "section": wanted.section and next((row.name for row in sections if row.pk == wanted.section), wanted.section),
        "author": wanted.author,
        "network": wanted.network,
        "since": wanted.since and _("from %s") % _day(wanted.since),
        "until": wanted.until and _("before %s") % _day(wanted.until),
        "language": wanted.language and _("language %s") % wanted.language,
        "label": wanted.label and dict(Label.Kind.choices)[wanted.label],
    }
    switches = {chip.name for chip in quick(wanted) if chip.is_on}
    return [Chip(text, name, None, True) for name, text in shown.items() if text and name not in switches]


def _day(at: dt.datetime) -> str:
    return date_format(timezone.localtime(at), "DATE_FORMAT")


# --- Pages --------------------------------------------------------------------------------------------------------


def beyond(rows: CommentQuerySet, order: tuple[str, str], position: str) -> CommentQuerySet:
    """Return the rows after a position in this order; all rows where the position is invalid."""
    moment_text, _, number = position.partition("~")
    try:
        at, pk = dt.datetime.fromisoformat(moment_text), read_id(number)
    except ValueError:
        return rows
    if at.tzinfo is None or not pk:
        return rows
    if order[0].startswith("-"):
        return rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk), created_at__lte=at)
    return rows.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=pk), created_at__gte=at)


def position_of(comment: Comment) -> str:
    return f"{comment.created_at.astimezone(dt.UTC).isoformat()}~{comment.pk}"


def seen_in(fields: QueryDict) -> dict[int, int]:
    """Return the number of the last decision shown, by comment; each `seen` field is `12:3`, comment and number."""
    found = {}
    for text in fields.getlist("seen"):
        pair = text.split(":")
        if len(pair) == 2 and all(ids_in([part]) for part in pair):
            found[int(pair[0])] = int(pair[1])
    return found


def counted(rows: CommentQuerySet) -> str:
    """Return how many rows there are, up to a limit: `1000+`."""
    size = rows.order_by()[: COUNTED + 1].count()
    return f"{COUNTED}+" if size > COUNTED else str(size)
