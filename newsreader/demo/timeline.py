"""The demonstration's last days: who said what and when, and what moderators did about it, one after the other.

Everything goes through the operations that readers and moderators use, in the order in which it happened, and is dated
then. Guests wait for a moderator with their first comment, as anywhere. Nothing is left to chance, so that every
demonstration has the same days behind it.
"""

from __future__ import annotations

import datetime as dt
import heapq
import ipaddress
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from django.db import models

from articles.models.article import Article
from comments.desk import teamwork
from comments.drafts import Author, Draft, Visit
from comments.models import Appeal, AuditEntry, Ban, Comment, Note, Report
from comments.models.locks import lock_for_reply
from comments.moderation.bans import ban
from comments.moderation.decisions import decide, decide_many, lock
from comments.objections import appeals, reports
from comments.posting.storing import store
from comments.screening import history, links, words
from comments.screening.verdict import Verdict
from comments.text.formatting import count_links
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import CommenterIdentity, User

Status = Comment.Status
MINUTE = dt.timedelta(minutes=1)
LONGEST_WAIT = 25  # minutes until a moderator looks at what waits
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0",
)


def address_of(who: str) -> str:
    """Return the address that somebody has all the time. Nobody real has it: these networks are never routed.

    Two of three are of IPv4 (198.18.0.0/15, for benchmarks), the others of IPv6 (2001:db8::/32, for documentation).
    """
    number = zlib.crc32(who.encode())
    if number % 3:
        return str(ipaddress.ip_address("198.18.0.0") + number % 2**17)
    return str(ipaddress.ip_address("2001:db8::") + (number << 64) + (number % 251 + 1))


def _number(who: str, below: int) -> int:
    return zlib.crc32(who.encode()) % below


@dataclass(order=True)
class _Step:
    at: dt.datetime
    number: int
    do: Callable[[dt.datetime], object] = field(compare=False)


@dataclass
class _Told:
    """A comment as its article's file tells of it."""

    article: Article
    entry: dict[str, Any]
    at: dt.datetime
    first_reply: dt.datetime | None = None
    comment: Comment | None = None
    parent: _Told | None = None

    @property
    def who(self) -> str:
        return str(self.entry.get("email") or self.entry["as"])


class Timeline:
    """`add` the discussion of each article, and bans, then `play` it all once. In a transaction. It ends `now`."""

    def __init__(self, people: dict[str, User], moderators: list[User], held_word: str, now: dt.datetime) -> None:
        self.people, self.moderators, self.held_word, self.now = people, moderators, held_word, now
        self.identities: dict[str, CommenterIdentity] = {}
        self.known = set[str]()  # guests who have a comment that was approved
        self.waiting: list[_Told] = []
        self.rounds = 0
        self.dates: dict[tuple[str, str], dt.datetime] = {}  # of entries of the audit log that are no decisions
        self._steps: list[_Step] = []
        self._numbers = count()

    def add(self, article: Article, entries: list[dict[str, Any]], published: dt.datetime) -> int:
        """Take up the comments of an article. Returns how many."""
        told: dict[int, _Told] = {}
        for entry in entries:
            at = self.now - entry["minutes_ago"] * MINUTE if "minutes_ago" in entry else None
            row = _Told(article, entry, at or published + entry["minutes_after"] * MINUTE)
            told[entry["id"]] = row
            if parent := told.get(entry.get("parent", 0)):
                row.parent, parent.first_reply = parent, min(row.at, parent.first_reply or row.at)
            self._then(row.at, partial(self._post, row))
        return len(told)

    def play(self) -> None:
        """Let everything happen, in order."""
        while self._steps:
            step = heapq.heappop(self._steps)
            step.do(step.at)
        for (kind, subject), at in self.dates.items():  # Before the log is sealed.
            AuditEntry.objects.filter(kind=kind, subject=subject, number=None).update(created_at=at)

    def add_ban(self, entry: dict[str, Any]) -> None:
        """Take up a ban, as the file of the newsroom tells of it."""
        self._then(self.now - dt.timedelta(hours=entry["hours_ago"]), partial(self._ban, entry))

    def _then(self, at: dt.datetime, do: Callable[[dt.datetime], object]) -> None:
        heapq.heappush(self._steps, _Step(min(at, self.now), next(self._numbers), do))

    # --- Readers ------------------------------------------------------------------------------------------------------

    def _post(self, told: _Told, at: dt.datetime) -> None:
        entry, user = told.entry, self.people.get(told.entry.get("as", ""))
        author = (
            Author(identity=self._identity(user), user=user)
            if user
            else Author(entry["name"], entry["email"], entry.get("website", ""))
        )
        parent = told.parent.comment if told.parent else None
        visit = Visit(address_of(told.who), BROWSERS[_number(told.who, len(BROWSERS))])
        draft = Draft(told.article.pk, entry["text"].strip(), author, str(parent.pk) if parent else "", visit=visit)
        is_trusted = user is not None or told.who in self.known
        if entry["status"] == Status.APPROVED and is_trusted:
            verdict = Verdict.approve()
        else:
            reason = entry.get("reason", "") if entry["status"] == Status.PENDING else ""
            verdict = Verdict.hold(reason or history.FIRST_COMMENT, **self._params_of(reason, draft))
        if (locked := lock_for_reply(told.article.pk, draft.duplicate_key)) is None:
            raise ValueError(f"Nobody may reply under {told.article}.")
        told.comment = store(draft, locked, parent, verdict, at=at)
        if told.comment.status == Status.PENDING and entry["status"] != Status.PENDING:
            self.waiting.append(told)
            due = told.at + (3 + _number(told.who, LONGEST_WAIT)) * MINUTE
            if told.first_reply:  # Somebody replied to what they could see.
                due = min(due, told.at + (told.first_reply - told.at) / 2)
            self._then(due, self._review)
        later = {"note": (45, self._note), "picked": (90, self._pick), "reports": (120, self._report)}
        for name, (minutes, do) in (later | {"appeal": (200, self._appeal)}).items():
            if name in entry:
                self._then(told.at + minutes * MINUTE, partial(do, told))

    def _identity(self, user: User) -> CommenterIdentity:
        if user.username not in self.identities:
            self.identities[user.username] = own_identity(user)
        return self.identities[user.username]

    def _params_of(self, reason: str, draft: Draft) -> dict[str, Any]:
        """Return the parameters that a rule stores with its reason code."""
        match reason:
            case links.TOO_MANY_LINKS:
                return {"links": count_links(draft.rendered), "allowed": 1}
            case words.HELD_WORDS:
                return {"words": [self.held_word]}
        return {}

    def _report(self, told: _Told, at: dt.datetime) -> None:
        for entry in told.entry["reports"]:
            visitor = reports.Reporter(address=address_of(entry["detail"]))
            row = reports.report(_id(told), reason=entry["reason"], detail=entry["detail"], visitor=visitor)
            self._date(row, "report", f"comment:{row.comment_id}", at)
        if told.entry.get("reports_dismissed"):
            by = self.moderators[0]
            reports.settle(_id(told), Report.Outcome.KEPT, by=by)
            later = min(at + 40 * MINUTE, self.now)
            Report.objects.filter(comment=_id(told)).update(settled_at=later)
            self.dates["report_settled", f"comment:{_id(told)}"] = later

    def _appeal(self, told: _Told, at: dt.datetime) -> None:
        assert told.comment  # noqa: S101  For the type checker.
        row = appeals.appeal(_id(told), told.entry["appeal"], token=told.comment.status_token)
        self._date(row, "appeal", f"comment:{row.comment_id}", at)

    # --- Moderators ---------------------------------------------------------------------------------------------------

    def _review(self, at: dt.datetime) -> None:
        """Let the moderator whose turn it is decide about everything that waits to be published or removed."""
        if not self.waiting:
            return
        by = self.moderators[self.rounds % len(self.moderators)]
        self.rounds += 1
        approved = {_id(told): Status.APPROVED for told in self.waiting if told.entry["status"] == Status.APPROVED}
        if approved:
            decide_many(lock(approved), approved, by=by, reasons=[], at=at)
        for told in self.waiting:
            if told.entry["status"] == Status.APPROVED:
                self.known.add(told.who)
            else:
                moderator = self.people.get(told.entry.get("by", ""), by)
                decide(_id(told), told.entry["status"], by=moderator, reason=told.entry["reason"], at=at)
        self.waiting = []

    def _ban(self, entry: dict[str, Any], at: dt.datetime) -> None:
        row = ban(
            email=entry.get("email", ""),
            network=address_of(entry["network_of"]) if "network_of" in entry else "",
            by=self.people[entry["by"]],
            reason=entry["reason"],
            note=entry["note"],
            ends_at=at + dt.timedelta(days=entry["days"]) if "days" in entry else None,
            quiet=entry.get("quiet", False),
        )
        Ban.objects.filter(pk=row.pk).update(created_at=at)
        self.dates["ban", f"ban:{row.pk}"] = at

    def _pick(self, told: _Told, at: dt.datetime) -> None:
        teamwork.pick(_id(told), on=True, by=self.people[told.entry["picked"]])
        Comment.objects.filter(pk=_id(told)).update(picked_at=at)
        self.dates["pick", f"comment:{_id(told)}"] = at

    def _note(self, told: _Told, at: dt.datetime) -> None:
        row = teamwork.add_note(_id(told), told.entry["note"], by=self.moderators[0])
        self._date(row, "note", f"comment:{row.comment_id}", at)

    def _date(self, row: Appeal | Note | Report, kind: str, subject: str, at: dt.datetime) -> None:
        """Date back what the operation has just written."""
        rows: models.QuerySet = type(row)._default_manager.filter(pk=row.pk)
        rows.update(created_at=at)
        self.dates[kind, subject] = at


def _id(told: _Told) -> int:
    assert told.comment  # noqa: S101  For the type checker.
    return told.comment.pk
