"""The worker verifies the audit log by itself: what is new every minute, and once a day everything, in small steps.

A check begins at the first entry and goes on, a second at a time, until it is at the end. Then it follows what is
sealed, until the next one begins. Nothing is locked: what two workers verify at once counts once.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from dataclasses import asdict, dataclass

from django.utils import timezone

from comments.audit import audit_log
from comments.audit.audit_log import Fault, Head
from comments.models import AuditEntry, LogCheck
from newsreader.kit.clock import is_ahead

logger = logging.getLogger(__name__)
EVERY = dt.timedelta(days=1)  # from the beginning
TURN = 1.0  # seconds of one run
STEP = 500  # entries; few enough that a step does not last much longer than a turn
MOST = 10  # faults that are kept
KEPT = 30  # checks that are kept


@dataclass(frozen=True)
class State:
    """What is known of the log: up to which entry it was verified, when that was, and when all of it was, last."""

    is_intact: bool = True
    number: int = 0
    at: dt.datetime | None = None
    whole_at: dt.datetime | None = None
    faults: tuple[Fault, ...] = ()


def state() -> State:
    """Return what the checks have found. One query. Faults stand until a whole check has found none."""
    rows = list(LogCheck.objects.order_by("-pk")[:2])
    if not rows:
        return State()
    newest, before = rows[0], rows[-1]
    reached = newest if newest.finished_at or newest is before else before  # A check anew has verified less so far.
    faults = newest.faults or ([] if newest.finished_at else before.faults)
    return State(
        is_intact=not faults,
        number=max(newest.number, reached.number),
        at=newest.went_on_at,
        whole_at=newest.finished_at or before.finished_at,
        faults=tuple(Fault(**fault) for fault in faults),
    )


def go_on(now: dt.datetime | None = None) -> State:
    """Verify some more. A job of the worker. What is found for the first time is logged as an error."""
    now, ends = now or timezone.now(), time.monotonic() + TURN
    check: LogCheck | None = _current(now)
    while check and time.monotonic() < ends:
        before = check.number, check.decision
        found = [*_at_the_end_so_far(check), *_step(check)]
        is_done = (check.number, check.decision) == before
        check = _store(check, before, found, is_done, now)
        if is_done:
            break
    return state()


def _current(now: dt.datetime) -> LogCheck:
    """Return the check that goes on; a new one where there is none, or the last one is a day old."""
    last = LogCheck.objects.order_by("-pk").first()
    is_over = last is None or (last.finished_at is not None and now - last.began_at >= EVERY)
    if last and not is_over and not is_ahead(last.began_at, now):
        return last
    new = LogCheck(began_at=now, went_on_at=now)
    if last:
        new.known_number, new.known_hash = last.number, last.hash
        new.told = last.told if last.faults else []
    new.save()
    LogCheck.objects.filter(pk__lte=new.pk - KEPT).delete()
    return new


def _at_the_end_so_far(check: LogCheck) -> list[Fault]:
    """Look at the entry up to which was verified: it must still be there, and the same."""
    if not check.number:
        return []
    still = AuditEntry.objects.filter(number=check.number).values_list("hash", flat=True).first()
    if still is None:
        return [Fault("cut_off", check.number)]
    return [Fault("other_chain", check.number)] if still != check.hash else []


def _step(check: LogCheck) -> list[Fault]:
    """Verify the next entries and the next decisions, and move the check forward."""
    known = Head(check.known_number, check.known_hash) if check.known_number else None
    faults = []
    for at, fault in audit_log.walk(Head(check.number, check.hash or audit_log.START), known=known, most=STEP):
        check.number, check.hash = at.number, at.hash
        if fault:
            faults.append(fault)
    compared = audit_log.compare(check.decision)
    check.decision = compared.last
    if known and known.number > check.number and not AuditEntry.objects.filter(number__gt=check.number).exists():
        faults.append(Fault("cut_off", known.number))
    return [*faults, *compared.faults]


def _store(
    check: LogCheck, before: tuple[int, int], found: list[Fault], is_done: bool, now: dt.datetime
) -> LogCheck | None:
    """Store how far the check has come; None where another worker has been faster."""
    new = [fault for fault in map(asdict, found) if fault not in check.faults][: MOST - len(check.faults)]
    check.faults, check.went_on_at = [*check.faults, *new], now
    check.finished_at = check.finished_at or (now if is_done else None)
    names = ("number", "hash", "decision", "faults", "went_on_at", "finished_at")
    mine = LogCheck.objects.filter(pk=check.pk, number=before[0], decision=before[1])
    if not mine.update(**{name: getattr(check, name) for name in names}):
        return None
    for fault in new:
        where = f"entry {fault['number']} {fault['detail']}".strip() if fault["number"] else fault["detail"]
        logger.error("The audit log does not verify: %s (%s)", where, fault["code"])
    return check
