"""Who hears about a decision: queued in its transaction, sent by the worker, once per event and address."""

from comments.models import Comment, Decision, Delivery
from comments.notifications.recipients import recipients
from comments.notifications.sending import send_due


def queue(comment: Comment, decision: Decision) -> int:
    """Write a row for each mail that this decision calls for, and wake the worker. Returns how many."""
    rows = [
        Delivery(decision=decision, event=event, address=address, language=language)
        for event, address, language in recipients(comment, decision)
    ]
    if rows:
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        send_due.enqueue()
    return len(rows)


def take_back(comment: Comment) -> int:
    """Drop every mail about a comment that has not gone out, since its author has withdrawn it. Returns how many."""
    unsent = Delivery.objects.filter(decision__in=list(comment.decisions.values_list("pk", flat=True)), sent_at=None)
    return unsent.delete()[0]
