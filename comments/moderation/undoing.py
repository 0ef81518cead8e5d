"""Undoing a batch with all that came with it: its decisions, and the bans of those who wrote what it was about."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from django.db import transaction

from comments.errors import OwnDecision
from comments.models import Batch, Comment
from comments.moderation import ban_lifting, batches
from newsreader.accounts.models import User


class Undone(NamedTuple):
    """The batch that undoes another, and what it has done to bans."""

    batch: Batch
    bans: ban_lifting.BansUndone


@transaction.atomic
def undo(batch_id: uuid.UUID, *, by: User, from_address: str = "") -> Undone:
    """Undo a batch: give its comments back what they had before, lift its bans, or ban again whom it let post again.

    Of comments, those that `by` may decide about; bans only where they may ban. `from_address` is where they are now.
    Undoing the batch that this returns does it all again. An appeal against a decision or a ban of their own they leave
    to somebody else where there is one. Raises Batch.DoesNotExist, and OwnDecision where that leaves nothing to undo.
    """
    batch = batches.undo(batch_id, by=by, rows=Comment.objects.moderated_by(by))
    done = ban_lifting.undo_batch(batch, by=by, from_address=from_address)
    if done.left and not (done.lifted or done.again or batch.changed or batch.state == Batch.State.RUNNING):
        raise OwnDecision()
    return Undone(batch, done)
