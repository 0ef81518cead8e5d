"""Cards: comments with everything that a decision needs, in a fixed number of queries a page."""
# ruff: noqa: S608  Only our own names are put into the SQL; all input is passed as parameters.

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects
from django.utils import timezone

from comments.audit.reason_codes import is_final
from comments.audit.reason_texts import worded
from comments.desk import sentences
from comments.desk.highlighting import highlighted
from comments.desk.status_actions import StatusAction, buttons_for
from comments.desk.teamwork import is_held
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
from comments.text.formatting import RELATION

Status = Comment.Status
LOOKED_AT = 200  # comments counted of one person, network or text
LINES, LINE = 3, 110  # what of a long text is seen at first on a wide screen: lines, and characters in each
BESIDE = ("decisions__by", "revisions", "notes__by", "labels", "reports", "appeal", "review_lock__by")


@dataclass(frozen=True)
class StatusCounts:
    """How many comments somebody, a network or a text has, counted up to LOOKED_AT and then shown as "200+"."""

    approved: int = 0
    refused: int = 0
    total: int = 0
    first: dt.datetime | None = None

    @property
    def others(self) -> int:
        """Return how many there are besides the one on the card."""
        return max(self.total - 1, 0)

    @property
    def more(self) -> str:
        return "+" if self.total >= LOOKED_AT else ""


@dataclass
class Card:
    """A comment with its decisions, its earlier texts, its author's record, and colleagues' notes and labels."""

    comment: Comment
    html: str
    history: list[dict[str, Any]]
    seen: int  # the number of the last decision
    website: str  # empty unless it is an http(s) link
    buttons: dict[str, StatusAction]
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
    link_relation: str = RELATION
    review_lock: ReviewLock | None = None

    @property
    def last(self) -> dict[str, Any] | None:
        return self.history[-1] if self.history else None

    @property
    def reasons(self) -> list[str]:
        return self.last["reasons"] if self.last else []

    @property
    def withdrawn(self) -> bool:
        return not self.buttons

    @property
    def is_long(self) -> bool:
        """Say whether the text is shown in part until somebody asks for all of it; never where a rule found words."""
        lines = sum(len(line) // LINE + 1 for line in self.comment.body.splitlines())
        return lines > LINES and "<mark>" not in self.html


def listed(rows: CommentQuerySet) -> CommentQuerySet:
    """Load with each comment what one query can load."""
    rows = rows.select_related("article__section", "identity", "connection_data", "parent", "assigned_to")
    return rows.defer("article__body", "article__standfirst", "parent__html")


def lay_out(comments: Sequence[Comment], reader: Any) -> list[Card]:
    """Return these comments as cards for the moderator who reads them, without review locks of their own.

    About twelve queries, however many comments; `listed` prepares them.
    """
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
        card.network = networks.get(_ip_address(comment), card.network)
        card.same_text = texts.get(comment.text_key, card.same_text)
        card.notes, card.labels = list(comment.notes.all()), list(comment.labels.all())
        card.reports = [report for report in comment.reports.all() if not report.outcome]
        card.appeal = getattr(comment, "appeal", None)
        lock = getattr(comment, "review_lock", None)
        card.review_lock = lock if lock and lock.by_id != reader.pk and is_held(lock, now) else None
        cards.append(card)
    return cards


def plain_card(comment: Comment) -> Card:
    """Return a comment as a card without what others have said or done, for pages about one comment."""
    decisions = list(comment.decisions.all())
    last = decisions[-1] if decisions else None
    withdrawn = comment.status == Status.TRASH and last is not None and is_final(last.reason)
    followable = comment.website.lower().startswith(("http://", "https://"))
    return Card(
        comment=comment,
        html=highlighted(comment.html, _words_found(decisions)),
        history=[_shown(row) for row in decisions],
        seen=last.number if last else 0,
        website=comment.website if followable else "",
        buttons={} if withdrawn else buttons_for(comment.status),
        earlier=list(comment.revisions.all()),
    )


def _words_found(decisions: Collection[Decision]) -> set[str]:
    """Return the words that rules found: a reason names them in its parameter `words`."""
    given = (reason for row in decisions for reason in row.reasons)
    return {word for reason in given for word in reason.get("params", {}).get("words", [])}


def _shown(decision: Decision) -> dict[str, Any]:
    return {
        "number": decision.number,
        "said": sentences.of_decision(decision),
        "by": decision.by.shown_name if decision.by else "",
        "reasons": worded(decision.reasons),
        "at": decision.created_at,
        "when": sentences.moment(decision.created_at),
    }


# --- The author's record ------------------------------------------------------------------------------------------


def _person(comment: Comment) -> str:
    """Return who left a comment: the account, else the typed address, which proves nothing."""
    if comment.identity_id:
        return f"account:{comment.identity_id}"
    return comment.connection_data.email if hasattr(comment, "connection_data") else ""


def _ip_address(comment: Comment) -> str:
    return str(comment.connection_data.address or "") if hasattr(comment, "connection_data") else ""


def _people(comments: Collection[Comment]) -> dict[str, StatusCounts]:
    accounts = {comment.identity_id for comment in comments if comment.identity_id}
    emails = {_person(comment) for comment in comments if not comment.identity_id} - {""}
    of_accounts = _counts(_OF_COMMENT % "identity_id", accounts, "bigint")
    found = {f"account:{pk}": counts for pk, counts in of_accounts.items()}
    return found | _counts(_OF_CONNECTION % "email", emails, "text")


def _networks(comments: Collection[Comment]) -> dict[str, StatusCounts]:
    return _counts(_OF_CONNECTION % "address", {_ip_address(comment) for comment in comments} - {""}, "inet")


def _texts(comments: Collection[Comment]) -> dict[str, StatusCounts]:
    keys = {comment.text_key for comment in comments} - {""}
    # The index is partial. SQLite uses it only where the condition is written exactly as in the index.
    return _counts(_OF_COMMENT % "NOT (text_key = '') AND text_key", keys, "text")


_OF_COMMENT = "SELECT status, created_at FROM comments_comment WHERE %s = {key}"
_OF_CONNECTION = (
    "SELECT c.status, c.created_at FROM comments_connectiondata t "
    "JOIN comments_comment c ON c.id = t.comment_id WHERE t.%s = {key}"
)


def _counts(found: str, keys: Collection[Any], kind: str) -> dict[Any, StatusCounts]:
    """Count what this query finds for each key, up to LOOKED_AT each, so that a prolific author slows nothing down.

    One query. `found` is our own SQL with `{key}` in place of the key. Keys are parameters, on PostgreSQL of type
    `kind`.
    """
    if not keys:
        return {}
    wanted = list(keys)
    rows: dict[Any, list[tuple[str, int, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(*_of_each(found, wanted, kind))
        for at, status, number, first in cursor.fetchall():
            rows[wanted[int(at)]].append((status, number, _as_time(first)))
    return {key: _status_counts(counts) for key, counts in rows.items()}


def _of_each(found: str, wanted: list[Any], kind: str) -> tuple[str, list[Any]]:
    """Return SQL that runs the query for each key: a lateral join on PostgreSQL, one subquery per key on SQLite."""
    counted = "status, COUNT(*), MIN(created_at)"
    looked_at = f"({found} LIMIT {LOOKED_AT}) AS looked_at GROUP BY status"
    if connection.vendor == "postgresql":
        each = f"SELECT {counted} FROM {looked_at}".format(key="wanted.key")
        keys = f"unnest(%s::text[]::{kind}[]) WITH ORDINALITY AS wanted (key, place)"
        return f"SELECT place - 1, of_key.* FROM {keys} CROSS JOIN LATERAL ({each}) AS of_key", [list(map(str, wanted))]
    one = f"SELECT %s, {counted} FROM {looked_at}".format(key="%s")
    return " UNION ALL ".join([one] * len(wanted)), [value for at, key in enumerate(wanted) for value in (at, key)]


def _as_time(value: Any) -> dt.datetime:
    if isinstance(value, str):  # SQLite stores times as text.
        value = dt.datetime.fromisoformat(value)
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _status_counts(counts: list[tuple[str, int, dt.datetime]]) -> StatusCounts:
    numbers = {status: number for status, number, _first in counts}
    return StatusCounts(
        approved=numbers.get(Status.APPROVED, 0),
        refused=numbers.get(Status.SPAM, 0) + numbers.get(Status.TRASH, 0),
        total=sum(numbers.values()),
        first=min(first for _status, _number, first in counts),
    )
