"""Cleaning up after a raid: deciding about many comments and banning their authors, in one batch for `undoing.undo`."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.db import transaction

from comments.models import Ban, Batch
from comments.models.permissions import may_ban
from comments.models.querysets import CommentQuerySet
from comments.moderation import bans, batches
from newsreader.accounts.models import User
from newsreader.kit.errors import Forbidden

MOST_BANNED = 1_000  # authors of one raid


class Decided(NamedTuple):
    """The batch, the bans made with it, and how many were skipped because they would have kept out the newsroom."""

    batch: Batch
    bans: list[Ban]
    skipped: int


@transaction.atomic
def decide_and_ban(
    rows: CommentQuerySet,
    status: str,
    *,
    by: User,
    reason: str = "",
    why_banned: str = "",
    networks: bool = False,
    ends_at: dt.datetime | None = None,
    from_address: str = "",
) -> Decided:
    """Give every comment of `rows` a status, as `decide_batch` does, and ban their authors, as `ban_authors` does.

    `rows` must hold only comments that `by` may decide about. `reason` belongs to the decisions, `why_banned` to the
    bans. Raises Forbidden where `by` may not ban.
    """
    if not may_ban(by):
        raise Forbidden()
    # Read before deciding: `rows` may filter by the status that the decision changes.
    authors = list(rows.select_related("identity__user", "connection_data")[:MOST_BANNED])
    batch = batches.decide_batch(rows, status, by=by, reason=reason)
    made, skipped = bans.ban_authors(
        authors,
        by=by,
        batch=batch.pk,
        networks=networks,
        reason=why_banned,
        ends_at=ends_at,
        from_address=from_address,
    )
    return Decided(batch, made, skipped)
