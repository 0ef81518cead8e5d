"""Ending bans: lifting one, rejecting an appeal against one, and undoing what a batch did to bans."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from comments.audit import audit_log
from comments.errors import OwnDecision
from comments.models import AuditEntry, Ban, BanAppeal, Batch
from comments.models.permissions import may_ban, may_lift_bans
from comments.moderation import bans, own_decisions
from comments.moderation.bans import ban_event
from newsreader.accounts.models import User

OPEN = BanAppeal.Outcome.OPEN


@transaction.atomic
def lift(ban: Ban, by: User) -> Ban | None:
    """Lift a ban and record who did; None where it is not in force any more.

    Open appeals against it are granted by that. Raises OwnDecision where there are any, `by` is one of those who
    banned, and somebody else could decide.
    """
    row = Ban.objects.select_for_update().in_force().filter(pk=ban.pk).first()
    if row is None:
        return None
    if _lift([row], by):
        raise OwnDecision()
    return row


def uphold(ban: Ban, by: User) -> None:
    """Reject the open appeals against a locked ban, and record who did. Raises OwnDecision as `lift` does."""
    appeals = _open_appeals([ban])
    own = _own_appeals([ban], appeals, by)
    if own.left:
        raise OwnDecision()
    _close(appeals, BanAppeal.Outcome.UPHELD, own, by)


def _lift(rows: Iterable[Ban], by: User, *, undoing: Batch | None = None) -> list[Ban]:
    """Lift locked bans and grant the appeals against them. Returns the bans that stay because others have to decide.

    A fixed number of queries, plus one for each appeal against a ban by `by` themselves.
    """
    rows = list(rows)
    appeals = _open_appeals(rows)
    own = _own_appeals(rows, appeals, by)
    lifted, now = [row for row in rows if row not in own.left], timezone.now()
    for row in lifted:
        row.lifted_at, row.lifted_with = now, undoing
    Ban.objects.filter(pk__in=[row.pk for row in lifted]).update(lifted_at=now, lifted_with=undoing)
    events = [ban_event(row, by, {"reason": row.reason, "quiet": row.quiet}) for row in lifted]
    audit_log.note_many("ban_lifted", events)
    _close([appeal for appeal in appeals if appeal.ban not in own.left], BanAppeal.Outcome.LIFTED, own, by)
    return own.left


# --- Appeals against them -----------------------------------------------------------------------------------------


class OwnBans(NamedTuple):
    """Contested bans by the moderator who decides now: those left to others, and those that nobody else could lift."""

    left: list[Ban]
    allowed: list[Ban]


def _open_appeals(rows: Iterable[Ban]) -> list[BanAppeal]:
    return list(BanAppeal.objects.filter(ban__in=rows, outcome=OPEN).order_by("pk").select_related("ban"))


def _own_appeals(rows: Iterable[Ban], appeals: Iterable[BanAppeal], by: User) -> OwnBans:
    """Return the locked bans with open appeals that `by` made or changed."""
    found, appealed = OwnBans([], []), {appeal.ban_id for appeal in appeals}
    contested = [row for row in rows if row.pk in appealed]
    banned_by = _banned_by(contested)
    for row in contested:
        try:
            own = own_decisions.is_own(by, banned_by[row.pk], may_lift_bans())
        except OwnDecision:
            found.left.append(row)
        else:
            found.allowed.extend([row] if own else [])
    return found


def _banned_by(rows: Collection[Ban]) -> dict[int, set[int | None]]:
    """Return for each ban who made it and who changed its terms. One query; none without bans."""
    found: dict[int, set[int | None]] = defaultdict(set)
    if not rows:
        return found
    subjects = {f"ban:{row.pk}": row for row in rows}
    entries = AuditEntry.objects.filter(kind="ban", subject__in=subjects).values_list("subject", "by_account")
    for subject, account in entries:
        found[subjects[subject].pk].add(account)
    for row in rows:
        found[row.pk].add(row.by_id)
    return found


def _close(appeals: Collection[BanAppeal], outcome: str, own: OwnBans, by: User) -> None:
    """Settle open appeals against locked bans; record who did, and where it was about their own ban."""
    if not appeals:
        return
    now = timezone.now()
    for row in appeals:
        row.outcome, row.settled_by, row.settled_at = outcome, by, now
    BanAppeal.objects.bulk_update(appeals, ["outcome", "settled_by", "settled_at"])
    if own.allowed:
        by_ban: dict[int, list[int]] = {ban.pk: [] for ban in own.allowed}
        for row in appeals:
            by_ban.get(row.ban_id, []).append(row.pk)
        events = [audit_log.Event(f"ban:{pk}", by.pk, {"appeals": ids}) for pk, ids in by_ban.items()]
        audit_log.note_many("own_appeal_settled", events)
    settled = [audit_log.Event(f"ban:{row.ban_id}", by.pk, {"appeal": row.pk, "outcome": outcome}) for row in appeals]
    audit_log.note_many("ban_appeal_settled", settled)


# --- Undoing a batch -------------------------------------------------------------------------------------------------


class BansUndone(NamedTuple):
    """What undoing a batch did to bans: how many were lifted, are in force again, and are left to others."""

    lifted: int = 0
    again: int = 0
    left: int = 0


@transaction.atomic
def undo_batch(undoing: Batch, *, by: User, from_address: str = "") -> BansUndone:
    """Undo what a batch did to bans: lift those that it made, and make again those that it lifted (as an undo itself).

    `undoing` is the batch that undoes the decisions. Does nothing where `by` may not ban. A ban by `by` with an open
    appeal stays where somebody else could decide about it. A fixed number of queries, plus one for each such ban.
    """
    undone = undoing.undoes
    if undone is None or not may_ban(by):
        return BansUndone()
    lifted, left = lift_batch(undone.pk, by, undoing=undoing)
    return BansUndone(lifted, len(bans.restore(undone, undoing.pk, by, from_address)), left)


@transaction.atomic
def lift_batch(batch: uuid.UUID, by: User, *, undoing: Batch | None = None) -> tuple[int, int]:
    """Lift every ban that was made with a batch of decisions.

    `undoing` is stored with them, so that the undo can be undone. Returns how many were lifted, and how many stay
    because another moderator has to decide about an appeal.
    """
    rows = list(Ban.objects.in_force().filter(batch=batch).select_for_update().order_by("pk"))
    left = _lift(rows, by, undoing=undoing)
    return len(rows) - len(left), len(left)
