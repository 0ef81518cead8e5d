"""Removing comments and banning who wrote them, in one batch that `undoing.undo` undoes: after a raid, or for one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction

from comments.models import Ban, Batch, Comment
from comments.models.permissions import may_ban, may_ban_quietly
from comments.models.querysets import CommentQuerySet
from comments.moderation import bans, batches
from newsreader.accounts.models import CommenterIdentity, User
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


class TrashedAndBanned(NamedTuple):
    """The batch of one decision, and the ban made with it, or one in force before, whose terms it has changed."""

    batch: Batch
    ban: Ban


@transaction.atomic
def trash_and_ban(
    comment: Comment,
    *,
    by: User,
    reason: str,
    identity: CommenterIdentity | None = None,
    email: str = "",
    network: str = "",
    note: str = "",
    ends_at: dt.datetime | None = None,
    quiet: bool = False,
    seen: Mapping[int, int] | None = None,
    from_address: str = "",
) -> TrashedAndBanned:
    """Move a comment, which `by` may decide about, to the trash, and ban an account, an address or a network for it.

    `reason` belongs to both. The rest is as in `bans.ban` and `decide_batch`, and so is what is raised; besides,
    Forbidden where `by` may not ban, or not quietly. Undoing the batch lifts the ban, unless one was in force before.
    """
    if not may_ban(by) or (quiet and not may_ban_quietly(by)):
        raise Forbidden()
    rows = Comment.objects.filter(pk=comment.pk)
    batch = batches.decide_batch(rows, Comment.Status.TRASH, by=by, reason=reason, seen=seen)
    row = bans.ban(
        identity=identity, email=email, network=network, by=by, reason=batch.reason, note=note, ends_at=ends_at,
        quiet=quiet, from_address=from_address, batch=batch.pk,
    )  # fmt: skip
    return TrashedAndBanned(batch, row)
