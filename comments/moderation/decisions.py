"""Deciding about comments: the only way a status changes. Many comments are decided by the same code as one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from comments import notifications
from comments.audit import audit_log
from comments.audit.reason_codes import WITHDRAWN, Reason, is_final, single
from comments.audit.refusal_reasons import accepted
from comments.discussion import counting
from comments.errors import DecidedMeanwhile, OwnDecision, Withdrawn
from comments.models import REMOVED, Comment, Decision
from comments.models.locks import lock_comments_with_identities
from comments.moderation import resolution
from comments.posting import email_confirmation
from newsreader.accounts.models import User
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.compiled_updates import CompiledUpdate


@transaction.atomic
def decide(
    comment_id: int,
    status: str,
    *,
    by: User | None = None,
    reason: str = "",
    params: dict[str, Any] | None = None,
    reasons: Sequence[Reason] = (),
    source: str = "",
    batch: uuid.UUID | None = None,
    seen: int | None = None,
    at: dt.datetime | None = None,
) -> Decision | None:
    """Give a comment a status and record who did it (`by=None`: a rule, named by `source`). `reason` is a code.

    `reasons` replaces `reason` and `params` where there are several. `seen` is the number of the last decision that the
    moderator knows of, 0 for none; `at` is when it was decided, None for now. Which reasons a person may give:
    `refusal_reasons.accepted`. Returns None, and changes nothing, if the comment already has that status. Raises
    Comment.DoesNotExist; ValueError for an unknown status; ReasonRequired; Withdrawn where its author has taken it
    back; DecidedMeanwhile where somebody else has decided otherwise since; OwnDecision where approving would grant an
    appeal against a decision by `by`, and somebody else could decide.
    """
    status = Comment.Status(status).value
    given = list(reasons) or single(reason, params)
    if by:
        given = [row for each in given or [{"code": ""}] for row in single(accepted(each["code"], status), params)]
    found = lock_one(comment_id)
    if seen is not None and found.has_news(comment_id, status, seen=seen, by=by.pk if by else None):
        raise DecidedMeanwhile(found.last(comment_id))
    return decide_locked(found, status, by=by, reasons=given, source=source, batch=batch, at=at)


def decide_locked(
    found: Locked,
    status: str,
    *,
    by: User | None = None,
    reasons: list[Reason],
    source: str = "",
    batch: uuid.UUID | None = None,
    at: dt.datetime | None = None,
) -> Decision | None:
    """Decide about one locked comment. The reasons are not checked: they are a rule's, or the calling operation's own.

    Returns None, and changes nothing, if it already has that status. Raises Withdrawn and OwnDecision.
    """
    (comment,) = found.comments
    outcome = decide_many(found, {comment.pk: status}, by=by, reasons=reasons, source=source, batch=batch, at=at)
    if outcome.withdrawn:
        raise Withdrawn()
    if outcome.left_to_others:
        raise OwnDecision()
    return outcome.decisions[0] if outcome.decisions else None


# --- Many together ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Locked:
    """Comments that nobody else can decide about until the transaction ends, with the decisions on each, in order."""

    comments: list[Comment]  # by id
    history: dict[int, list[Decision]]

    def last(self, pk: int) -> Decision | None:
        return self.history[pk][-1] if self.history.get(pk) else None

    def before_removal(self, pk: int) -> str:
        """Return the status to restore a comment to: its last one that was neither spam nor trash, else pending."""
        kept = [row.after for row in self.history[pk] if row.after not in REMOVED]
        return kept[-1] if kept else Comment.Status.PENDING.value

    def has_news(self, pk: int, status: str, *, seen: int, by: int | None) -> bool:
        """Say whether somebody else has given the comment another status than this, by a decision not seen yet.

        `seen` is the number of the last decision they saw, `by` their account.
        """
        last = self.last(pk)
        if last is None or last.number == seen or last.by_id == by:
            return False
        return last.after != status

    def is_withdrawn(self, comment: Comment) -> bool:
        last = self.last(comment.pk)
        return comment.status == Comment.Status.TRASH and last is not None and is_final(last.reason)


@dataclass
class Outcome:
    """What happened to comments that were decided together."""

    decisions: list[Decision] = field(default_factory=list)
    same: list[Comment] = field(default_factory=list)  # already had that status
    withdrawn: list[Comment] = field(default_factory=list)  # unchanged: their authors withdrew them
    left_to_others: list[Comment] = field(default_factory=list)  # unchanged: the appeal is against one's own decision


def lock(ids: Collection[int]) -> Locked:
    """Lock these comments and return them with their decisions. Three queries. Ids without a comment are left out."""
    return already_locked(lock_comments_with_identities(ids))


def already_locked(comments: list[Comment]) -> Locked:
    """Return comments that the caller has locked, after their articles, with their decisions. One query."""
    history: dict[int, list[Decision]] = {comment.pk: [] for comment in comments}
    for decision in _decisions_on.many(list(history)):
        history[decision.comment_id].append(decision)
    return Locked(comments, history)


@Compiled
def _decisions_on(*comment_ids: int) -> QuerySet[Decision]:
    return Decision.objects.filter(comment__in=comment_ids).select_related("batch").order_by("number")


@partial(CompiledUpdate, "status")
def _give(status: str, *ids: int) -> tuple[QuerySet[Comment], dict[str, Any]]:
    return Comment.objects.filter(pk__in=ids), {"status": status}


def decide_many(
    found: Locked,
    wanted: Mapping[int, str],
    *,
    by: User | None = None,
    reasons: list[Reason],
    source: str = "",
    batch: uuid.UUID | None = None,
    at: dt.datetime | None = None,
) -> Outcome:
    """Give locked comments the status wanted for each; those without one are left alone. `at`: None is now.

    A fixed number of queries, plus one for each appeal against a decision by `by` (`resolution.own_appeals`).
    """
    outcome, changed = Outcome(), list[Comment]()
    own = _own_appeals(found, wanted, by)
    left = {appeal.comment_id for appeal in own.left}
    for comment in found.comments:
        if (status := wanted.get(comment.pk)) is None:
            continue
        if comment.status == status:
            outcome.same.append(comment)
        elif found.is_withdrawn(comment):
            outcome.withdrawn.append(comment)
        elif comment.pk in left:
            outcome.left_to_others.append(comment)
        else:
            changed.append(comment)
            outcome.decisions.append(
                Decision(
                    comment=comment,
                    number=_next_number(found, comment),
                    batch_id=batch,
                    by=by,
                    source=source or ("" if by else "system"),
                    before=comment.status,
                    after=status,
                    reasons=reasons,
                    created_at=at or timezone.now(),
                )
            )
    given: dict[str, list[int]] = defaultdict(list)
    for comment in changed:
        comment.status = wanted[comment.pk]
        given[str(comment.status)].append(comment.pk)
    if len(changed) == 1:
        ((status, ids),) = given.items()
        audit_log.record_decisions(outcome.decisions, changes=[_give.change(status, *ids)])
    else:
        for status, ids in given.items():
            _give.many(status, ids)
        audit_log.record_decisions(outcome.decisions)
    follow(list(zip(changed, outcome.decisions, strict=True)))
    if by and own.allowed:
        resolution.note_own(own.allowed, by)
    if by:
        kept = [comment for comment in outcome.same if comment.status == Comment.Status.APPROVED]
        resolution.confirm(kept, by, reasons[0]["code"] if reasons else "")
    return outcome


def _own_appeals(found: Locked, wanted: Mapping[int, str], by: User | None) -> resolution.OwnAppeals:
    """Return the appeals against decisions by `by` that approving would grant."""
    if by is None:
        return resolution.OwnAppeals([], [])
    approved = Comment.Status.APPROVED
    to_approve = [row for row in found.comments if row.status != approved and wanted.get(row.pk) == approved]
    histories = {row: found.history[row.pk] for row in to_approve if not found.is_withdrawn(row)}
    return resolution.own_appeals(histories, by)


def _next_number(found: Locked, comment: Comment) -> int:
    last = found.last(comment.pk)
    return last.number + 1 if last else 1


def follow(decided: list[tuple[Comment, Decision]]) -> None:
    """Do what follows from decisions, in their transaction: reports and appeals, counts and mails."""
    resolution.resolve(decided)
    counting.adjust((comment, decision.before, decision.after) for comment, decision in decided)
    notifications.queue(decided)


# --- One ----------------------------------------------------------------------------------------------------------


def note_reasons(found: Locked, reasons: Sequence[Reason], *, source: str) -> Decision | None:
    """Record that a rule, run again, gives these reasons for the status that one locked comment has.

    Returns None where they are the same.
    """
    (comment,) = found.comments
    last = found.last(comment.pk)
    if last and last.reasons == list(reasons):
        return None
    return _record(found, comment, comment.status, source=source, reasons=list(reasons))


@transaction.atomic
def withdraw(comment_id: int, *, by: User | None) -> Decision | None:
    """Withdraw a comment for its author, for good, even one that was removed already. Mails about it are not sent.

    `by` is the author's account, None for a guest; the caller has checked that it is theirs. Returns None where it is
    withdrawn already.
    """
    found = lock_one(comment_id)
    comment = found.comments[0]
    if found.is_withdrawn(comment):
        return None
    before, comment.status = comment.status, Comment.Status.TRASH.value
    _give.many(str(comment.status), [comment.pk])
    decision = _record(found, comment, before, by=by, reasons=single(WITHDRAWN))
    resolution.resolve([(comment, decision)])
    email_confirmation.take_back(comment)
    notifications.take_back(comment)
    if before != comment.status:
        counting.adjust([(comment, before, comment.status)])
    return decision


def lock_one(comment_id: int) -> Locked:
    """Lock one comment as `lock` does. Raises Comment.DoesNotExist."""
    found = lock([comment_id])
    if not found.comments:
        raise Comment.DoesNotExist(f"There is no comment {comment_id}.")
    return found


def _record(
    found: Locked, comment: Comment, before: str, *, reasons: list[Reason], by: User | None = None, source: str = ""
) -> Decision:
    decision = Decision(
        comment=comment,
        number=_next_number(found, comment),
        by=by,
        source=source,
        before=before,
        after=comment.status,
        reasons=reasons,
    )
    audit_log.record_decisions([decision])
    return decision
