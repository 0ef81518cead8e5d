"""Banning accounts, email addresses and networks: for good or for a time, openly or quietly, always on record.

`ban_targets` checks who would be banned, `ban_lifting` ends bans. The editors' list entries for networks are another
thing: they refuse openly, and are looked up elsewhere (`comments.screening.compiled_entries`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from comments.audit import audit_log
from comments.models import Ban, Batch, Comment
from comments.moderation.ban_targets import (
    all_bans_of,
    check,
    is_exempt,
    is_own_network,
    newsroom,
    target_of,
    targets_of,
)
from newsreader.accounts.models import CommenterIdentity, User


@transaction.atomic
def ban(
    *,
    identity: CommenterIdentity | None = None,
    email: str = "",
    network: str = "",
    by: User,
    reason: str = "",
    note: str = "",
    ends_at: dt.datetime | None = None,
    quiet: bool = False,
    from_address: str = "",
    batch: uuid.UUID | None = None,
) -> Ban:
    """Keep an account, an address or a network (exactly one of them) from posting, and record who banned it.

    There is at most one ban in force for each; banning again changes its terms. `reason` is a code, `from_address` the
    moderator's own IP address, `batch` the batch of decisions that a new ban is made, and undone, with. Raises
    Invalid, naming the field, where the target is missing, too wide or the newsroom's own, and where the end is past.
    """
    target = check(identity, email, network, by, from_address, ends_at)
    now = timezone.now()
    terms = {"reason": reason, "note": note, "ends_at": ends_at, "quiet": quiet, "by": by}
    rows = Ban.objects.filter(lifted_at=None, **target)
    rows.filter(ends_at__lte=now).update(lifted_at=F("ends_at"))
    row, is_new = rows.select_for_update().get_or_create(
        **target, lifted_at=None, defaults={**terms, "created_at": now, "batch_id": batch}
    )
    if not is_new:
        for name, value in terms.items():
            setattr(row, name, value)
        row.save(update_fields=list(terms))
    _note("ban", row, by, {"reason": reason, "quiet": quiet, "changed": not is_new}, note)
    return row


@transaction.atomic
def ban_authors(
    comments: Iterable[Comment],
    *,
    by: User,
    batch: uuid.UUID,
    networks: bool = False,
    reason: str = "",
    ends_at: dt.datetime | None = None,
    from_address: str = "",
) -> tuple[list[Ban], int]:
    """Ban the authors of these comments: their accounts, or a guest's address and, with `networks`, a guest's network.

    Each is banned once, as part of a batch of decisions. A ban that already lasts as long is left as it is. A fixed
    number of queries; `identity__user` and `connection_data` should be loaded. Returns the bans, and how many targets
    were skipped because they belong to the newsroom or to `by`.
    """
    targets, skipped = targets_of(comments, by, networks, from_address)
    now = timezone.now()
    rows = all_bans_of(targets).filter(lifted_at=None)
    rows.filter(ends_at__lte=now).update(lifted_at=F("ends_at"))
    known = {target_of(row): row for row in rows.select_for_update().order_by("pk")}
    terms: dict[str, Any] = {"reason": reason, "ends_at": ends_at, "by": by}
    fresh = [
        Ban(identity_id=identity, email=email, network=network, batch_id=batch, created_at=now, **terms)
        for identity, email, network in targets
        if (identity, email, network) not in known
    ]
    Ban.objects.bulk_create(fresh, ignore_conflicts=True)  # Another moderator may ban one at the same moment.
    longer = [row for row in known.values() if _lasts(row.ends_at) < _lasts(ends_at)]
    for row in longer:
        row.reason, row.ends_at, row.by = reason, ends_at, by
    Ban.objects.bulk_update(longer, list(terms))
    made = [*Ban.objects.filter(batch=batch), *longer]
    audit_log.note_many("ban", [ban_event(row, by, {"reason": reason, "changed": row in longer}) for row in made])
    return made, skipped


def restore(undone: Batch, batch: uuid.UUID, by: User, from_address: str) -> list[Ban]:
    """Ban again, on the same terms, those whose bans were lifted by undoing a batch; return the new bans.

    Bans whose end has passed are not renewed, nor those that somebody has decided about since, nor those that a batch
    must not make (`ban_targets.newsroom`).
    """
    if undone.undoes_id is None:
        return []
    now, exempt = timezone.now(), newsroom(by)
    past = Ban.objects.filter(lifted_with=undone).exclude(ends_at__lte=now)
    wanted = {target_of(row): row for row in past.select_related("identity__user").order_by("pk")}
    rows = all_bans_of(wanted)
    rows.filter(lifted_at=None, ends_at__lte=now).update(lifted_at=F("ends_at"))
    decided = {target_of(row) for row in rows.filter(Q(lifted_at=None) | Q(created_at__gt=undone.created_at))}
    again = [
        row
        for target, row in wanted.items()
        if target not in decided
        and not (row.identity and is_exempt(row.identity, exempt))
        and not (row.network and is_own_network(row.network, from_address))
    ]
    terms = ("identity_id", "email", "network", "reason", "note", "quiet", "ends_at")
    fresh = [
        Ban(batch_id=batch, by=by, created_at=now, **{name: getattr(row, name) for name in terms}) for row in again
    ]
    Ban.objects.bulk_create(fresh, ignore_conflicts=True)  # Another moderator may ban one at the same moment.
    made = list(Ban.objects.filter(batch=batch).order_by("pk"))
    facts = [{"reason": row.reason, "quiet": row.quiet, "changed": False} for row in made]
    audit_log.note_many("ban", [ban_event(row, by, said, row.note) for row, said in zip(made, facts, strict=True)])
    return made


def _lasts(ends_at: dt.datetime | None) -> dt.datetime:
    return ends_at or dt.datetime.max.replace(tzinfo=dt.UTC)


def _note(kind: str, row: Ban, by: User | None, facts: dict[str, Any], note: str = "") -> None:
    audit_log.note_many(kind, [ban_event(row, by, facts, note)])


def ban_event(row: Ban, by: User | None, facts: dict[str, Any], note: str = "") -> audit_log.Event:
    """Return the audit log's event about a ban. Who is banned, and the note, are personal data."""
    facts = {"kind": row.kind, "ends_at": row.ends_at.isoformat() if row.ends_at else None} | facts
    if row.batch_id:
        facts["batch"] = str(row.batch_id)
    who = {"identity": row.identity_id, "email": row.email, "network": row.network, "note": note}
    personal = {name: value for name, value in who.items() if value}
    return audit_log.Event(f"ban:{row.pk}", by.pk if by else None, facts, personal)
