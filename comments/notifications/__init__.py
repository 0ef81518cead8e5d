"""Who hears about a decision: queued in its transaction, sent by the worker, once per event and address."""

from collections.abc import Iterable

from django.db.models import Q

from comments.models import Appeal, Comment, Decision, Delivery
from comments.notifications.handover import not_handed_over, queue_handed_over
from comments.notifications.outbox import enqueue, send_due
from comments.notifications.recipients import Recipient, recipients, rejected
from comments.notifications.reports import no_outcome, queue_outcomes, queue_receipt

__all__ = [
    "no_outcome",
    "not_any_more",
    "not_handed_over",
    "queue",
    "queue_handed_over",
    "queue_outcomes",
    "queue_receipt",
    "queue_rejection",
    "send_due",
    "take_back",
]


def queue(decided: Iterable[tuple[Comment, Decision]]) -> int:
    """Write a row for each mail that these decisions call for, and wake the worker. Returns how many."""
    return _write(recipients(decided))


def queue_rejection(appeal: Appeal) -> int:
    """Write a row for the mail that an appeal was rejected. Returns how many, which is one or none.

    Of one that is granted its author hears that the comment is published.
    """
    return _write(rejected(appeal))


def _write(wanted: Iterable[Recipient]) -> int:
    return enqueue(
        [
            Delivery(decision=decision, event=event, address=address, language=language)
            for decision, event, address, language in wanted
        ]
    )


def take_back(comment: Comment) -> int:
    """Drop every mail about a comment that has not gone out, since its author has withdrawn it. Returns how many."""
    decisions = list(comment.decisions.values_list("pk", flat=True))
    return Delivery.objects.filter(Q(decision__in=decisions) | Q(comment=comment.pk), sent_at=None).delete()[0]


def not_any_more(decisions: Iterable[Decision]) -> int:
    """Drop mails about decisions that were undone before they went out. Returns how many."""
    return Delivery.objects.filter(decision__in=[row.pk for row in decisions], sent_at=None, attempts=0).delete()[0]
