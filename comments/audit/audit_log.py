"""The audit log: decisions, edits, bans, settings, filter entries, accounts, imports, erasures. Append-only.

An entry is written in the transaction of the event that it records. Some seconds later it is sealed: it gets the next
number, and a hash over itself and the hash of the entry before. One worker seals at a time, outside of posting: if
every post had to extend the chain, the whole site could only post one after another.

Personal data is kept apart in an entry. The chain covers a digest of it with a random salt. `forget` erases data and
salt: nobody can tell any more what the data was, and the chain still verifies.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from comments.models import AuditEntry, Decision
from newsreader.accounts.models import User
from newsreader.kit.compiled_inserts import insert_together, new
from newsreader.kit.compiled_updates import Change
from newsreader.kit.long_writes import ShortTransactions

START = "0" * 64  # what the first entry is chained to
AT_ONCE = 200  # entries read at once: of 2,000 the worker would keep 5 MiB more for good
SEALED = 500  # entries sealed in one transaction
OPENED = "log_opened"  # decisions up to the one that this entry names are older than the log


def note(
    kind: str,
    subject: str = "",
    *,
    by: User | None = None,
    facts: dict[str, Any] | None = None,
    personal: dict[str, Any] | None = None,
    with_rows: Collection[Model] = (),
    changes: Sequence[Change] = (),
) -> AuditEntry:
    """Write an event, in the transaction of what it records. `subject` is for instance `comment:12`.

    `facts` are kept for good and must hold nothing personal; names, texts and addresses go into `personal`. `with_rows`
    and `changes`: new rows before it and updates after it, in one statement with it where that is possible.
    """
    entry = _entry(kind, subject, by.pk if by else None, facts or {}, personal)
    insert_together(*with_rows, entry, changes=changes)
    return entry


class Event(NamedTuple):
    """One event for `note_many`: about what, by which account, facts without personal data, and the personal data."""

    subject: str
    by_account: int | None
    facts: dict[str, Any]
    personal: dict[str, Any] | None = None


def note_many(kind: str, events: Iterable[Event]) -> None:
    """Write many events of one kind."""
    AuditEntry.objects.bulk_create([_entry(kind, *event) for event in events])


def record_decisions(
    decisions: Sequence[Decision], *, with_rows: Collection[Model] = (), changes: Sequence[Change] = ()
) -> None:
    """Write these new decisions, with an event for each.

    `with_rows`: new rows that go in before a single decision, in one statement with it where that is possible; and so
    do `changes`, updates of other rows, after it.
    """
    entries = [
        _entry("decision", f"comment:{row.comment_id}", row.by_id, _facts_of(row), None, row.created_at)
        for row in decisions
    ]
    if len(decisions) == 1:
        insert_together(*with_rows, *decisions, *entries, changes=changes)
    else:
        Decision.objects.bulk_create(decisions)
        AuditEntry.objects.bulk_create(entries)


def _facts_of(row: Decision) -> dict[str, Any]:
    """The facts that the entry of a decision holds; `verify` compares both."""
    facts = {
        "number": row.number,
        "before": row.before,
        "after": row.after,
        "source": row.source,
        "codes": [reason["code"] for reason in row.reasons],
    }
    return facts | {"batch": str(row.batch_id)} if row.batch_id else facts


def _entry(
    kind: str,
    subject: str,
    account: int | None,
    facts: dict[str, Any],
    personal: dict[str, Any] | None,
    at: dt.datetime | None = None,
) -> AuditEntry:
    salt = secrets.token_hex(16) if personal else ""
    return new(
        AuditEntry,
        kind=kind,
        subject=subject,
        by_account=account,
        facts=facts,
        personal=personal or None,
        salt=salt,
        digest=_digest(salt, personal) if personal else "",
        created_at=at or timezone.now(),
    )


def forget(subject: str, *, by: User | None = None) -> int:
    """Erase the personal data in every entry about something, and record that. Returns how many entries held any.

    In a transaction. The chain still verifies afterwards.
    """
    return forget_all([subject], by=by)


def forget_all(subjects: Collection[str], *, by: User | None = None) -> int:
    """Do what `forget` does for several things at once. Three queries."""
    entries = AuditEntry.objects.filter(subject__in=subjects).exclude(personal=None)
    erased = Counter(entries.values_list("subject", flat=True))
    entries.update(personal=None, salt="")
    account = by.pk if by else None
    note_many("erasure", [Event(subject, account, {"entries": erased[subject]}) for subject in subjects])
    return erased.total()


def forget_old(before: dt.datetime, most: int = 500) -> int:
    """Erase the personal data in the oldest entries from before then, and record that. Returns how many held any.

    In a transaction. The chain still verifies afterwards.
    """
    found = AuditEntry.objects.filter(personal__isnull=False, created_at__lt=before).order_by("created_at", "pk")
    rows = list(found.values_list("pk", "subject")[:most])
    AuditEntry.objects.filter(pk__in=[pk for pk, _subject in rows]).update(personal=None, salt="")
    if rows:
        note("erasure", "log", facts={"entries": len(rows), "before": before.date().isoformat()})
    return len(rows)


def history(subject: str) -> QuerySet[AuditEntry]:
    """Return all entries about something, oldest first."""
    return AuditEntry.objects.filter(subject=subject).order_by("pk")


# --- The chain ----------------------------------------------------------------------------------------------------


def seal() -> int:
    """Seal the entries written since the last time. Returns how many. Safe to run in several workers."""
    sealed, writes = 0, ShortTransactions()
    while AuditEntry.objects.filter(number=None).exists():  # Asked before anything is locked.
        with writes.next():
            sealed += _seal_some()
    return sealed


def _seal_some() -> int:
    _take_turn()
    last = head()
    number, before = last.number, last.hash
    rows = list(AuditEntry.objects.filter(number=None).order_by("pk")[:SEALED])
    for row in rows:
        number += 1
        row.number, row.hash = number, _hash(row, number, before)
        before = row.hash
    AuditEntry.objects.bulk_update(rows, ["number", "hash"], batch_size=200)
    return len(rows)


def _take_turn() -> None:
    """Wait until no other worker seals. On SQLite, transactions that write run one after another anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('comments.log.seal'))")


def _hash(row: AuditEntry, number: int, before: str) -> str:
    hashed = [
        number, row.kind, row.subject, row.by_account, row.created_at.isoformat(), row.facts, row.digest, before,
    ]  # fmt: skip
    return hashlib.sha256(_plain(hashed)).hexdigest()


def _digest(salt: str, personal: dict[str, Any]) -> str:
    return hashlib.sha256(salt.encode() + _plain(personal)).hexdigest()


def _plain(value: Any) -> bytes:
    """Return the same bytes for the same value, whichever database it was stored in."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


# --- Verifying ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What is wrong, and in which entry: its number, or 0 if it is not about one entry."""

    code: str
    number: int
    detail: str = ""


@dataclass(frozen=True)
class Head:
    """The last number and hash of the chain. Whoever kept a copy can prove later that nothing before it was changed."""

    number: int = 0
    hash: str = START


def head() -> Head:
    """Return the head as it is: the last entry that was sealed."""
    last = AuditEntry.objects.exclude(number=None).order_by("-number").values_list("number", "hash").first()
    return Head(last[0] or 0, last[1]) if last else Head()


def verify(known: Head | None = None) -> tuple[Head, list[Fault]]:
    """Check the whole chain, then compare every decision with its entry. Returns the head and at most ten faults.

    `known` is an earlier head that somebody kept: the chain must still contain it. Constant memory.
    """
    seal()
    at, faults = Head(), []
    for at, fault in walk(known=known):
        if fault:
            faults.append(fault)
            if len(faults) == 10:
                return at, faults
    if known and known.number > at.number:
        faults.append(Fault("cut_off", known.number))
    decision = 0
    while (some := compare(decision)).last > decision and len(faults) < 10:
        decision = some.last
        faults += some.faults
    return at, faults[:10]


def walk(
    after: Head | None = None, *, known: Head | None = None, most: int | None = None
) -> Iterator[tuple[Head, Fault | None]]:
    """Check the chain from an entry that was checked before, at most so many entries; yield each with what is wrong."""
    number, before = (after.number, after.hash) if after else (0, START)
    rows = AuditEntry.objects.filter(number__gt=number).order_by("number")[:most]
    for row in rows.iterator(chunk_size=AT_ONCE):
        fault = None
        if row.number != number + 1:
            fault = Fault("missing", number + 1, f"{number + 1}–{(row.number or 0) - 1}")
        elif row.hash != _hash(row, number + 1, before):
            fault = Fault("changed", number + 1, row.subject)
        elif row.personal is not None and row.digest != _digest(row.salt, row.personal):
            fault = Fault("personal_data_changed", number + 1, row.subject)
        elif known and known.number == row.number and known.hash != row.hash:
            fault = Fault("other_chain", row.number)
        number, before = row.number or 0, row.hash
        yield Head(number, before), fault


class Compared(NamedTuple):
    """The last decision that was compared, and those whose entry differs or is missing."""

    last: int
    faults: list[Fault]


def compare(after: int) -> Compared:
    """Compare the next decisions after this one with their entries. Imported ones have none: the import has one."""
    opened = AuditEntry.objects.filter(kind=OPENED).order_by("pk").first()
    after = max(after, opened.facts["last_decision"] if opened else 0)
    some = list(Decision.objects.exclude(source="import").filter(pk__gt=after).order_by("pk")[:AT_ONCE])
    entries = _entries_of({f"comment:{row.comment_id}" for row in some})
    faults = []
    for row in some:
        entry = entries.get((f"comment:{row.comment_id}", row.number))
        # A deleted account is still named in the log, but no longer in the decision.
        if entry is None or entry != _facts_of(row) | {"by": row.by_id or entry["by"]}:
            faults.append(Fault("decision_differs", 0, f"comment:{row.comment_id}/{row.number}"))
    return Compared(some[-1].pk if some else after, faults)


def _entries_of(subjects: set[str]) -> dict[tuple[str, int], dict[str, Any]]:
    entries = AuditEntry.objects.filter(kind="decision", subject__in=subjects)
    return {(entry.subject, entry.facts["number"]): entry.facts | {"by": entry.by_account} for entry in entries}
