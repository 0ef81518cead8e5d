"""Decisions made together (even about one comment): one id, one summary, one undo.

A small batch is carried out at once. A large one is left to the worker, a few hundred comments to a transaction, each
together with its progress: if the worker is killed, the rest is done later and nothing is decided twice. What a batch
did is known from its decisions alone, so undoing it needs no other record. An undo is a batch itself.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping

from django.db import transaction
from django.utils import timezone

from comments import notifications
from comments.audit.reason_codes import UNDONE, single
from comments.audit.refusal_reasons import accepted
from comments.errors import DecidedMeanwhile, OwnDecision
from comments.models import Batch, BatchItem, Comment, Decision
from comments.models.querysets import CommentQuerySet
from comments.moderation.decisions import Locked, decide_many, lock
from newsreader.accounts.models import User
from newsreader.kit.tasks import task

AT_ONCE = 200  # comments that are decided before the answer; more are left to the worker
TOGETHER = 250  # comments to a transaction
RECENT = dt.timedelta(hours=1)
RESTORE = ""  # instead of a status: what each had before it was removed


def decide_batch(
    rows: CommentQuerySet, status: str, *, by: User, reason: str = "", seen: Mapping[int, int] | None = None
) -> Batch:
    """Give every comment of `rows` a status, or its last one before removal (RESTORE); return the batch.

    `rows` must hold only comments that `by` may decide about. `seen` maps comments to the number of the last decision
    that `by` saw. A comment with a newer decision is passed over, and so is one whose appeal somebody else has to
    decide; where the batch is a single comment, DecidedMeanwhile or OwnDecision is raised instead. Raises
    ReasonRequired as `decide` does. `state` of the batch says whether the worker still has to do it.
    """
    if status != RESTORE:
        status = Comment.Status(status).value
    return _begin(rows, Batch(by=by, status=status, reason=accepted(reason, status)), seen or {})


def undo(batch_id: uuid.UUID, *, by: User, rows: CommentQuerySet) -> Batch:
    """Give each comment of a batch the status it had before, as far as it is in `rows`, which `by` may decide about.

    Passes over comments that somebody has decided about since, and those that their authors have withdrawn. Undoing the
    returned batch does everything again. Raises Batch.DoesNotExist, and OwnDecision for a single comment. Its bans are
    not undone here: `undoing.undo` does both.
    """
    undone = Batch.objects.get(pk=batch_id)
    touched = rows.filter(pk__in=Decision.objects.filter(batch=batch_id).values("comment"))
    return _begin(touched, Batch(by=by, undoes=undone), {})


def recent(user: User) -> list[Batch]:
    """Return somebody's last batches, newest first, each with `undone_by` loaded. Two queries."""
    since = timezone.now() - RECENT
    mine = Batch.objects.filter(by=user, created_at__gt=since).order_by("-created_at")
    return list(mine.prefetch_related("undone_by")[:5])


# --- Carrying out -------------------------------------------------------------------------------------------------


@transaction.atomic
def _begin(rows: CommentQuerySet, batch: Batch, seen: Mapping[int, int]) -> Batch:
    ids = list(rows.order_by("pk").values_list("pk", flat=True).distinct())
    batch.total = len(ids)
    batch.save(force_insert=True)
    if len(ids) <= AT_ONCE:
        _carry_out_some(batch, ids, seen)
        return batch
    BatchItem.objects.bulk_create((BatchItem(batch=batch, comment_id=pk) for pk in ids), batch_size=5_000)
    carry_out.enqueue(str(batch.pk))  # A row of this transaction.
    return batch


@task()
def carry_out(batch_id: str) -> None:
    """Do the rest of a batch. Safe to run twice, and in two workers at once."""
    while _next_step(uuid.UUID(batch_id)):
        pass


@transaction.atomic
def _next_step(batch_id: uuid.UUID) -> bool:
    """Decide about the next comments; return whether any may be left."""
    batch = Batch.objects.select_for_update(of=("self",)).select_related("by").get(pk=batch_id)
    if batch.state == Batch.State.DONE:
        return False
    items = BatchItem.objects.filter(batch=batch).order_by("comment")
    ids = list(items.values_list("comment", flat=True)[:TOGETHER])
    if ids:
        items.filter(comment__lte=ids[-1]).delete()
    more = len(ids) == TOGETHER
    _carry_out_some(batch, ids, {}, finished=not more)
    return more


def _carry_out_some(batch: Batch, ids: Collection[int], seen: Mapping[int, int], *, finished: bool = True) -> None:
    found = lock(ids)
    wanted = _wanted(batch, found)
    news = {pk for pk in seen if pk in wanted and found.has_news(pk, wanted[pk], seen=seen[pk], by=batch.by_id)}
    kept = {pk: status for pk, status in wanted.items() if pk not in news}
    if len(wanted) == 1 and not kept:
        raise DecidedMeanwhile(found.last(next(iter(wanted))))
    reasons = single(UNDONE if batch.undoes_id else batch.reason)
    outcome = decide_many(found, kept, by=batch.by, reasons=reasons, batch=batch.pk)
    if outcome.left_to_others and batch.total == 1:
        raise OwnDecision()
    if batch.undoes_id:
        notifications.not_any_more(Decision.objects.filter(batch=batch.undoes_id, comment__in=list(kept)))
    batch.changed += len(outcome.decisions)
    batch.withdrawn += len(outcome.withdrawn)
    batch.left_to_others += len(outcome.left_to_others)
    batch.passed_over += len(ids) - len(kept) + len(outcome.left_to_others)
    if finished:
        batch.state, batch.finished_at = Batch.State.DONE, timezone.now()
    batch.save(update_fields=["changed", "withdrawn", "passed_over", "left_to_others", "state", "finished_at"])


def _wanted(batch: Batch, found: Locked) -> dict[int, str]:
    if batch.undoes_id:
        return _as_before(batch.undoes_id, found)
    return {pk: found.before_removal(pk) if batch.status == RESTORE else batch.status for pk in found.history}


def _as_before(undone: uuid.UUID, found: Locked) -> dict[int, str]:
    """Return the statuses to give back, none where somebody has decided since. What the batch made is trashed."""
    wanted = {}
    for pk, history in found.history.items():
        at = max((at for at, row in enumerate(history) if row.batch_id == undone), default=None)
        if at is not None and not _left_of(history[at + 1 :]):
            wanted[pk] = history[at].before or Comment.Status.TRASH.value
    return wanted


def _left_of(decisions: list[Decision]) -> list[Decision]:
    """Return the decisions that still count: a decision and the one that undid it cancel each other out."""
    left: list[Decision] = []
    for decision in decisions:
        undone = decision.batch.undoes_id if decision.batch else None
        if undone and left and left[-1].batch_id == undone:
            left.pop()
        else:
            left.append(decision)
    return left
