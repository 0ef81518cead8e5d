"""What a decision settles: readers' reports of the comment, and its author's appeal.

A settled report or appeal names its decision, so that undoing the decision reopens it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.utils import timezone

from comments import notifications
from comments.audit import audit_log
from comments.audit.reason_codes import UNDONE, WITHDRAWN
from comments.audit.standing import standing_decision, standing_in
from comments.errors import OwnDecision
from comments.models import REMOVED, Appeal, Comment, Decision, Report
from comments.models.permissions import moderators_of
from comments.moderation import own_decisions
from newsreader.accounts.models import User

Decided = tuple[Comment, Decision]


def refusal_of(comment: Comment) -> Decision | None:
    """Return the decision by which a person refused a comment; None where it is not refused, or where a rule did it."""
    if comment.status not in REMOVED:
        return None
    decision = standing_decision(comment)
    return decision if decision and not decision.source and decision.reason != WITHDRAWN else None


def resolve(decided: Iterable[Decided]) -> None:
    """Settle the reports and appeals that these decisions by people answer; reopen what an undone decision settled.

    Runs in the decisions' transaction, under the locks of the comments. A few queries, however many decisions; none
    where nobody has reported or appealed.
    """
    by_people = [(comment, decision) for comment, decision in decided if not decision.source]
    undoing = _reopen([pair for pair in by_people if pair[1].reason == UNDONE])
    anew = [pair for pair in by_people if pair[1].pk not in undoing]
    _settle_reports([pair for pair in anew if pair[0].flag_count and _outcome(pair[1])])
    # Undoing a refusal grants the appeal. An appeal comes after two decisions: the one at posting, and the refusal.
    _settle_appeals([pair for pair in by_people if pair[1].number > 2 and _appeal_outcome(pair[1])])


def _outcome(decision: Decision) -> str:
    """Return the outcome that a decision means for reports; empty where it leaves the question open."""
    if decision.after == Comment.Status.PENDING:
        return ""
    return Report.Outcome.REMOVED if decision.after in REMOVED else Report.Outcome.KEPT


def _appeal_outcome(decision: Decision) -> str:
    if decision.reason == WITHDRAWN:
        return Appeal.Outcome.WITHDRAWN
    return Appeal.Outcome.GRANTED if decision.after == Comment.Status.APPROVED else ""


# --- Reports ------------------------------------------------------------------------------------------------------


def _settle_reports(pairs: Sequence[Decided]) -> None:
    if not pairs:
        return
    decisions = {comment.pk: decision for comment, decision in pairs}
    rows = list(Report.objects.filter(comment__in=decisions, outcome=Report.Outcome.OPEN).order_by("pk"))
    left = [report for report in rows if _is_own(report, decisions[report.comment_id])]
    reports = [report for report in rows if report not in left]
    for report in reports:
        decision = decisions[report.comment_id]
        close(report, _outcome(decision), by=_moderator(decision), reason=decision.reason, at=decision.created_at)
        report.settled_with = decision
    finish(reports, [comment for comment, _ in pairs], left)


def confirm(comments: Iterable[Comment], by: User, reason: str) -> None:
    """Close the open reports of locked comments that a moderator approves again, though they are approved already.

    No decision changes anything then, but the comment has been confirmed: reports alone do not hold it any more. A
    reader's objection to `by`'s own keeping stays open for somebody else.
    """
    reported = {comment.pk: comment for comment in comments if comment.flag_count}
    if not reported:
        return
    rows = list(Report.objects.filter(comment__in=reported, outcome=Report.Outcome.OPEN).order_by("pk"))
    left = [report for report in rows if report.kept_by_id == by.pk]
    reports = [report for report in rows if report not in left]
    for report in reports:
        close(report, Report.Outcome.KEPT, by=by, reason=reason, at=timezone.now())
    finish(reports, reported.values(), left)


def _is_own(report: Report, decision: Decision) -> bool:
    """Say whether a moderator keeps a comment again, against a reader's objection to their own keeping of it.

    Another moderator has to answer that. Where there is none, `objections.reports.settle` lets them.
    """
    own = report.kept_by_id is not None and report.kept_by_id == decision.by_id
    return own and _outcome(decision) == Report.Outcome.KEPT


def _moderator(decision: Decision) -> User | None:
    """Return who decided about somebody else's comment; None where its author withdrew it."""
    return None if decision.reason == WITHDRAWN else decision.by


def close(report: Report, outcome: str, *, by: User | None, reason: str, at: dt.datetime) -> None:
    """Set the outcome of an open report; `finish` stores it with the others."""
    report.outcome, report.settled_by, report.decision_reason, report.settled_at = outcome, by, reason[:40], at


def finish(reports: Sequence[Report], comments: Iterable[Comment], left: Sequence[Report] = ()) -> None:
    """Store closed reports of these locked comments; log them and queue mails. The reports in `left` stay open."""
    fields = ["outcome", "settled_by", "decision_reason", "settled_at", "settled_with"]
    Report.objects.bulk_update(reports, fields, batch_size=200)
    waiting = Counter(report.comment_id for report in left)
    _count([(comment, waiting[comment.pk]) for comment in comments])
    audit_log.note_many("report_settled", [_report_event(report) for report in reports])
    notifications.queue_outcomes(reports)


def _report_event(report: Report) -> audit_log.Event:
    facts = {"report": report.pk, "outcome": report.outcome, "reason": report.decision_reason}
    return audit_log.Event(f"comment:{report.comment_id}", report.settled_by_id, facts)


def _count(counts: Iterable[tuple[Comment, int]]) -> None:
    """Store how many open reports each comment has."""
    by_count: dict[int, list[int]] = {}
    for comment, count in counts:
        if comment.flag_count != count:
            comment.flag_count = count
            by_count.setdefault(count, []).append(comment.pk)
    for count, ids in by_count.items():
        Comment.objects.filter(pk__in=ids).update(flag_count=count)


# --- Appeals ------------------------------------------------------------------------------------------------------


class OwnAppeals(NamedTuple):
    """Open appeals against decisions by the moderator who decides now: left to others, or decided by nobody else."""

    left: list[Appeal]
    allowed: list[Appeal]


def own_appeals(histories: Mapping[Comment, Sequence[Decision]], by: User) -> OwnAppeals:
    """Return the open appeals of locked comments that are against decisions by `by`.

    `histories` hold every decision on each comment, in order and with its batch. No query where `by` has decided about
    none of them, else one, and one more for each such appeal.
    """
    found = OwnAppeals([], [])
    mine = {comment.pk: comment for comment, rows in histories.items() if by.pk in {row.by_id for row in rows}}
    if not mine:
        return found
    for appeal in Appeal.objects.filter(comment__in=mine, outcome=Appeal.Outcome.OPEN).order_by("pk"):
        comment = mine[appeal.comment_id]
        try:
            own = own_decisions.is_own(by, _deciders(appeal, histories[comment]), moderators_of(comment.article_id))
        except OwnDecision:
            found.left.append(appeal)
        else:
            found.allowed.extend([appeal] if own else [])
    return found


def _deciders(appeal: Appeal, history: Sequence[Decision]) -> set[int | None]:
    """Return who made the decision appealed against, and who made the one that stands now."""
    standing = standing_in(history)
    return {row.by_id for row in history if row.pk == appeal.decision_id or row == standing}


def note_own(appeals: Iterable[Appeal], by: User) -> None:
    """Record that somebody decided about appeals against their own decisions, because nobody else could."""
    events = [audit_log.Event(f"comment:{row.comment_id}", by.pk, {"appeal": row.pk}) for row in appeals]
    audit_log.note_many("own_appeal_settled", events)


def _settle_appeals(pairs: Sequence[Decided]) -> None:
    if not pairs:
        return
    decisions = {comment.pk: decision for comment, decision in pairs}
    appeals = list(Appeal.objects.filter(comment__in=decisions, outcome=Appeal.Outcome.OPEN))
    for appeal in appeals:
        decision = decisions[appeal.comment_id]
        appeal.outcome, appeal.settled_at = _appeal_outcome(decision), decision.created_at
        appeal.settled_by, appeal.settled_with = _moderator(decision), decision
    Appeal.objects.bulk_update(appeals, ["outcome", "settled_at", "settled_by", "settled_with"], batch_size=200)
    audit_log.note_many("appeal_settled", [appeal_event(appeal) for appeal in appeals])


def appeal_event(appeal: Appeal, **facts: bool) -> audit_log.Event:
    """Return the audit log's event about a settled appeal."""
    about = {"appeal": appeal.pk, "outcome": appeal.outcome}
    return audit_log.Event(f"comment:{appeal.comment_id}", appeal.settled_by_id, about | facts)


# --- Undoing ------------------------------------------------------------------------------------------------------


def _reopen(pairs: Sequence[Decided]) -> set[int]:
    """Reopen what the undone decisions had settled; return the ids of the decisions that undid one.

    Undoing an undo is not among them: it is a decision like any other, and settles again.
    """
    if not pairs:
        return set()
    undoing = {decision.batch_id for _, decision in pairs}
    rows = Decision.objects.filter(comment__in=[comment.pk for comment, _ in pairs], batch__undone_by__in=undoing)
    undone = {row.comment_id: row for row in rows if row.reason != UNDONE}
    reports = list(Report.objects.filter(settled_with__in=undone.values()))
    appeals = list(Appeal.objects.filter(settled_with__in=undone.values()))
    if reports:
        Report.objects.filter(pk__in=[row.pk for row in reports]).update(
            outcome=Report.Outcome.OPEN, settled_by=None, settled_at=None, settled_with=None, decision_reason=""
        )
        more = Counter(row.comment_id for row in reports)
        _count([(comment, comment.flag_count + more[comment.pk]) for comment, _ in pairs])
        notifications.no_outcome(reports)
    if appeals:
        Appeal.objects.filter(pk__in=[row.pk for row in appeals]).update(
            outcome=Appeal.Outcome.OPEN, settled_by=None, settled_at=None, settled_with=None
        )
    by = {comment.pk: decision.by_id for comment, decision in pairs}
    opened_again = [(row.comment_id, {"report": row.pk}) for row in reports]
    opened_again += [(row.comment_id, {"appeal": row.pk}) for row in appeals]
    audit_log.note_many("reopened", [audit_log.Event(f"comment:{pk}", by[pk], facts) for pk, facts in opened_again])
    return {decision.pk for comment, decision in pairs if comment.pk in undone}
