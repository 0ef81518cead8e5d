"""A comment as it lies on the desk: with all that a decision needs, in a fixed number of queries a page."""
# ruff: noqa: S608  The names in the SQL are ours; whatever anybody typed is a parameter.

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import UNDONE, WITHDRAWN, is_final
from comments.audit.reason_texts import worded
from comments.desk.highlighting import highlighted
from comments.desk.status_actions import BUTTONS, StatusAction, buttons
from comments.models import (
    Appeal,
    Ban,
    Comment,
    CommentSettings,
    Decision,
    Label,
    Note,
    Report,
    ReviewLock,
    Revision,
)
from comments.models.effective_settings import EffectiveSettings
from comments.models.querysets import CommentQuerySet
from comments.screening import ban_checks, trust

Status = Comment.Status
LOOKED_AT = 200  # comments of one person, network or text: whoever has more has many
BESIDE = ("decisions__by", "revisions", "notes__by", "labels", "reports", "appeal", "claim__by")


@dataclass(frozen=True)
class StatusCounts:
    """How many comments there are of somebody, or from somewhere; counted up to LOOKED_AT, then "200+"."""

    approved: int = 0
    refused: int = 0
    total: int = 0
    first: dt.datetime | None = None

    @property
    def others(self) -> int:
        """How many besides the one on the card."""
        return max(self.total - 1, 0)

    @property
    def more(self) -> str:
        return "+" if self.total >= LOOKED_AT else ""


@dataclass
class Card:
    """A comment with its decisions, worded, its earlier texts, its author's record, and what colleagues say of it."""

    comment: Comment
    html: str
    history: list[dict[str, Any]]
    seen: int  # the number of the last decision
    website: str  # only where it is safe to follow
    deeds: dict[str, StatusAction]
    earlier: list[Revision]
    author: StatusCounts = field(default_factory=StatusCounts)
    network: StatusCounts = field(default_factory=StatusCounts)
    same_text: StatusCounts = field(default_factory=StatusCounts)
    level: Any = None
    bans: list[Ban] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    appeal: Appeal | None = None
    claim: ReviewLock | None = None

    @property
    def last(self) -> dict[str, Any] | None:
        return self.history[-1] if self.history else None

    @property
    def reasons(self) -> list[str]:
        return self.last["reasons"] if self.last else []

    @property
    def withdrawn(self) -> bool:
        return not self.deeds


def listed(rows: CommentQuerySet) -> CommentQuerySet:
    """Load with each comment what one query can."""
    rows = rows.select_related("article__section", "identity", "connection_data", "parent", "assigned_to")
    return rows.defer("article__body", "article__standfirst", "parent__html")


def lay_out(comments: Sequence[Comment]) -> list[Card]:
    """Return these comments as cards. Some twelve queries however many; `listed` loads what belongs to each."""
    if not comments:
        return []
    prefetch_related_objects(comments, *BESIDE)
    rules = EffectiveSettings.of(CommentSettings.objects.current())
    levels, banned = trust.levels_of(comments, rules), ban_checks.on_authors(comments)
    people, networks, texts = _people(comments), _networks(comments), _texts(comments)
    now, cards = timezone.now(), []
    for comment in comments:
        card = plain_card(comment)
        card.level, card.bans = levels[comment.pk], banned.get(comment.pk, [])
        card.author = people.get(_person(comment), card.author)
        card.network = networks.get(_address(comment), card.network)
        card.same_text = texts.get(comment.text_key, card.same_text)
        card.notes, card.labels = list(comment.notes.all()), list(comment.labels.all())
        card.reports = [report for report in comment.reports.all() if not report.outcome]
        card.appeal = getattr(comment, "appeal", None)
        claim = getattr(comment, "claim", None)
        card.claim = claim if claim and claim.until > now else None
        cards.append(card)
    return cards


def plain_card(comment: Comment) -> Card:
    """Return a comment as a card without what others have said or done; for pages about one."""
    decisions = list(comment.decisions.all())
    last = decisions[-1] if decisions else None
    withdrawn = comment.status == Status.TRASH and last is not None and is_final(last.reason)
    followable = comment.website.lower().startswith(("http://", "https://"))
    return Card(
        comment=comment,
        html=highlighted(comment.html, _words_found(decisions)),
        history=[_told(row) for row in decisions],
        seen=last.number if last else 0,
        website=comment.website if followable else "",
        deeds={} if withdrawn else buttons(BUTTONS[Status(comment.status)]),
        earlier=list(comment.revisions.all()),
    )


def _words_found(decisions: Collection[Decision]) -> set[str]:
    """Return the words that reasons name: whatever a rule has found is told as `words`."""
    given = (reason for row in decisions for reason in row.reasons)
    return {word for reason in given for word in reason.get("params", {}).get("words", [])}


def _told(decision: Decision) -> dict[str, Any]:
    labels = dict(Status.choices)
    return {
        "number": decision.number,
        "before": labels.get(Status(decision.before)) if decision.before in Status.values else "",
        "after": decision.get_after_display(),
        "by": decision.by.shown_name if decision.by else _guest(decision),
        "source": decision.source,
        "undone": decision.reason == UNDONE,
        "reasons": worded(decision.reasons),
        "at": decision.created_at,
    }


def _guest(decision: Decision) -> Any:
    """Name who has no account: a guest who took their own comment back."""
    return _("its author") if decision.reason == WITHDRAWN and not decision.source else ""


# --- The author's record ------------------------------------------------------------------------------------------


def _person(comment: Comment) -> str:
    """Who left it: an account, else the address that was typed, which proves nothing but is what there is."""
    if comment.identity_id:
        return f"account:{comment.identity_id}"
    return comment.connection_data.email if hasattr(comment, "connection_data") else ""


def _address(comment: Comment) -> str:
    return str(comment.connection_data.address or "") if hasattr(comment, "connection_data") else ""


def _people(comments: Collection[Comment]) -> dict[str, StatusCounts]:
    accounts = {comment.identity_id for comment in comments if comment.identity_id}
    emails = {_person(comment) for comment in comments if not comment.identity_id} - {""}
    of_accounts = _tallies(_OF_COMMENT % "identity_id", accounts, "bigint")
    found = {f"account:{pk}": tally for pk, tally in of_accounts.items()}
    return found | _tallies(_OF_TRACE % "email", emails, "text")


def _networks(comments: Collection[Comment]) -> dict[str, StatusCounts]:
    return _tallies(_OF_TRACE % "address", {_address(comment) for comment in comments} - {""}, "inet")


def _texts(comments: Collection[Comment]) -> dict[str, StatusCounts]:
    keys = {comment.text_key for comment in comments} - {""}
    # Only of these is there an index, and SQLite takes it where its condition is written as the index has it.
    return _tallies(_OF_COMMENT % "NOT (text_key = '') AND text_key", keys, "text")


_OF_COMMENT = "SELECT status, created_at FROM comments_comment WHERE %s = {key}"
_OF_TRACE = (
    "SELECT c.status, c.created_at FROM comments_connectiondata t "
    "JOIN comments_comment c ON c.id = t.comment_id WHERE t.%s = {key}"
)


def _tallies(found: str, keys: Collection[Any], kind: str) -> dict[Any, StatusCounts]:
    """Count what this finds for each key, at most LOOKED_AT of each: nobody's thousand comments slow the desk down.

    One query. `found` is ours, with `{key}` where the key belongs; keys are parameters, on PostgreSQL of this kind.
    """
    if not keys:
        return {}
    wanted = list(keys)
    rows: dict[Any, list[tuple[str, int, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(*_of_each(found, wanted, kind))
        for at, status, number, first in cursor.fetchall():
            rows[wanted[int(at)]].append((status, number, _moment(first)))
    return {key: _tally(counts) for key, counts in rows.items()}


def _of_each(found: str, wanted: list[Any], kind: str) -> tuple[str, list[Any]]:
    """Ask the same for each key: in a lateral join, planned once, or as one question after the other where none is."""
    counted = "status, COUNT(*), MIN(created_at)"
    looked_at = f"({found} LIMIT {LOOKED_AT}) AS looked_at GROUP BY status"
    if connection.vendor == "postgresql":
        each = f"SELECT {counted} FROM {looked_at}".format(key="wanted.key")
        keys = f"unnest(%s::text[]::{kind}[]) WITH ORDINALITY AS wanted (key, place)"
        return f"SELECT place - 1, of_key.* FROM {keys} CROSS JOIN LATERAL ({each}) AS of_key", [list(map(str, wanted))]
    one = f"SELECT %s, {counted} FROM {looked_at}".format(key="%s")
    return " UNION ALL ".join([one] * len(wanted)), [value for at, key in enumerate(wanted) for value in (at, key)]


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, str):  # SQLite has no times.
        value = dt.datetime.fromisoformat(value)
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _tally(counts: list[tuple[str, int, dt.datetime]]) -> StatusCounts:
    numbers = {status: number for status, number, _first in counts}
    return StatusCounts(
        approved=numbers.get(Status.APPROVED, 0),
        refused=numbers.get(Status.SPAM, 0) + numbers.get(Status.TRASH, 0),
        total=sum(numbers.values()),
        first=min(first for _status, _number, first in counts),
    )
