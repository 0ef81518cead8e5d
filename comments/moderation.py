"""Deciding about comments: the only way a status changes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from articles.models import Article
from comments import counting, notifications, proofs
from comments.errors import Withdrawn
from comments.events import CommentDecided
from comments.models import Comment, Decision
from newsreader.accounts.models import User
from newsreader.kit.events import publish

WITHDRAWN = "withdrawn"
Reason = dict[str, Any]  # {"code": …, "params": {…}}
# Reasons that only the site itself gives.
RESERVED = {WITHDRAWN, "imported"}


@transaction.atomic
def decide(
    comment_id: int,
    status: str,
    *,
    by: User | None = None,
    reason: str = "",
    params: dict[str, Any] | None = None,
    reasons: Sequence[Reason] = (),
    rule: str = "",
    batch: uuid.UUID | None = None,
) -> Decision | None:
    """Give a comment a status and record who did it (`by=None`: a rule, named by `rule`). `reason` is a code.

    `reasons` stand instead of one with its `params` where there are several. Returns None, and changes nothing, if it
    already has that status. Raises Comment.DoesNotExist, ValueError for a status that is none, and Withdrawn for a
    comment that its author has taken back.
    """
    status = Comment.Status(status).value
    comment = _locked(comment_id)
    before = comment.status
    if before == status:
        return None
    if is_withdrawn(comment):
        raise Withdrawn()

    comment.status = status
    comment.save(update_fields=["status"])
    given = list(reasons) or _single(reason, params)
    decision = _record(comment, before, by=by, rule=rule or ("" if by else "system"), batch=batch, reasons=given)
    _follow(comment, decision)
    return decision


def _follow(comment: Comment, decision: Decision) -> None:
    """Do what a changed status calls for: counts and mails now, listeners after the transaction."""
    counting.adjust(comment, before=decision.before, after=decision.after)
    notifications.queue(comment, decision)
    publish(CommentDecided(comment.pk, comment.article_id, decision.before, decision.after))


@transaction.atomic
def note_reasons(comment_id: int, reasons: Sequence[Reason], *, rule: str) -> Decision | None:
    """Record that a rule, asked again, gives these reasons for the status a comment has; None where it gave them."""
    comment = _locked(comment_id)
    last = comment.decisions.order_by("-number").first()
    if last and last.reasons == list(reasons):
        return None
    return _record(comment, comment.status, rule=rule, reasons=list(reasons))


@transaction.atomic
def withdraw(comment_id: int, *, by: User | None) -> Decision | None:
    """Take a comment back for its author, for good: also one that was removed already. Mails about it are not sent.

    `by` is the author's account, None for a guest. Returns None where it is withdrawn already. Whose it is was checked
    before.
    """
    comment = _locked(comment_id)
    if is_withdrawn(comment):
        return None
    before, comment.status = comment.status, Comment.Status.TRASH.value
    comment.save(update_fields=["status"])
    decision = _record(comment, before, by=by, reasons=_single(WITHDRAWN))
    proofs.take_back(comment)
    notifications.take_back(comment)
    if before != comment.status:
        _follow(comment, decision)
    return decision


def is_withdrawn(comment: Comment) -> bool:
    """Say whether its author has taken this comment back."""
    if comment.status != Comment.Status.TRASH:
        return False
    last = comment.decisions.order_by("-number").first()
    return bool(last and last.reason == WITHDRAWN)


def _single(code: str, params: dict[str, Any] | None = None) -> list[Reason]:
    return [{"code": code, "params": params or {}}] if code else []


def _record(
    comment: Comment,
    before: str,
    *,
    reasons: list[Reason],
    by: User | None = None,
    rule: str = "",
    batch: uuid.UUID | None = None,
) -> Decision:
    number = comment.decisions.aggregate(last=Max("number"))["last"] or 0
    return Decision.objects.create(
        comment=comment,
        number=number + 1,
        batch=batch,
        by=by,
        rule=rule,
        before=before,
        after=comment.status,
        reasons=reasons,
    )


def _locked(comment_id: int) -> Comment:
    """Lock the article, then the comment: everybody locks in this order, so nobody waits in a circle."""
    article_id = Comment.objects.values_list("article_id", flat=True).get(pk=comment_id)
    Article.objects.select_for_update().only("pk").get(pk=article_id)
    return Comment.objects.select_for_update(of=("self",)).select_related("identity").get(pk=comment_id)


def decide_many(ids: Iterable[int], status: str, *, by: User, reason: str = "") -> tuple[uuid.UUID, int, int]:
    """Decide about each of these in turn under one batch number; each stands alone.

    Returns the batch, how many changed, and how many could not (withdrawn by their authors).
    """
    batch, changed, refused = uuid.uuid4(), 0, 0
    for comment_id in sorted(set(ids)):
        try:
            changed += decide(comment_id, status, by=by, reason=reason, batch=batch) is not None
        except Withdrawn:
            refused += 1
    return batch, changed, refused


def status_before_removal(comment: Comment) -> str:
    """Return the status to restore a removed comment to: the last that was neither spam nor trash, else waiting."""
    removed = [Comment.Status.SPAM, Comment.Status.TRASH]
    last = comment.decisions.exclude(after__in=removed).order_by("-number").first()
    return last.after if last else Comment.Status.PENDING
