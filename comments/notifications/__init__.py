"""Mails about decisions and reports: queued in their transaction, sent by the worker, once per event and address.

recipients: who gets a mail about a decision
reports:    mails to members who reported a comment
handover:   the mail to a colleague to whom a comment was handed
held_up_articles: the mail to editors about a scheduled article that does not appear
log_alarm:  the mail to those who run the site when the audit log does not verify
links:      addresses in mails, and the signed ones that let a moderator decide
outbox:     the queue, and the task that sends it
"""

from collections.abc import Iterable

from django.db.models import Q

from comments.models import Appeal, Comment, CommentSettings, Decision, Delivery
from comments.notifications.handover import not_handed_over, queue_handed_over
from comments.notifications.held_up_articles import queue_held_up
from comments.notifications.log_alarm import verify_and_tell
from comments.notifications.outbox import enqueue, send_due
from comments.notifications.recipients import Recipient, recipients, rejected
from comments.notifications.reports import no_outcome, queue_outcomes, queue_receipt

__all__ = [
    "enqueue",
    "letters",
    "no_outcome",
    "not_any_more",
    "not_handed_over",
    "queue",
    "queue_handed_over",
    "queue_held_up",
    "queue_outcomes",
    "queue_receipt",
    "queue_rejection",
    "send_due",
    "take_back",
    "verify_and_tell",
]


def queue(decided: Iterable[tuple[Comment, Decision]]) -> int:
    """Queue the mails about these decisions, and wake the worker. Returns how many."""
    return enqueue(letters(decided))


def letters(decided: Iterable[tuple[Comment, Decision]], rules: CommentSettings | None = None) -> list[Delivery]:
    """Return the mails about these decisions, for `enqueue`. `rules`: the site's settings, where they are known."""
    return _letters(recipients(decided, rules))


def queue_rejection(appeal: Appeal) -> int:
    """Queue the mail that an appeal was rejected. Returns how many: one or none.

    When an appeal is granted, the author gets the mail that the comment is published.
    """
    return enqueue(_letters(rejected(appeal)))


def _letters(wanted: Iterable[Recipient]) -> list[Delivery]:
    return [
        Delivery(decision=decision, event=event, address=address, language=language)
        for decision, event, address, language in wanted
    ]


def take_back(comment: Comment) -> int:
    """Drop the unsent mails about a comment that its author has withdrawn. Returns how many."""
    decisions = list(comment.decisions.values_list("pk", flat=True))
    return Delivery.objects.filter(Q(decision__in=decisions) | Q(comment=comment.pk), sent_at=None).delete()[0]


def not_any_more(decisions: Iterable[Decision]) -> int:
    """Drop the unsent mails about decisions that were undone. Returns how many."""
    return Delivery.objects.filter(decision__in=[row.pk for row in decisions], sent_at=None, attempts=0).delete()[0]
