"""Mails to members who reported a comment and want to hear what becomes of it: a receipt, and the outcome.

They go to the verified address of the account alone, never to one that was typed.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q

from comments.models import Delivery, Report
from comments.notifications.recipients import addresses
from comments.notifications.sending import send_due

RECEIVED, SETTLED = Delivery.Event.REPORT_RECEIVED, Delivery.Event.REPORT_SETTLED


def queue_receipt(report: Report) -> int:
    """Write a row for the mail that a report has reached us. Returns how many, which is one or none."""
    return _queue([report], RECEIVED)


def queue_outcomes(reports: Sequence[Report]) -> int:
    """Write a row for each mail that tells what became of a report. Returns how many."""
    return _queue(reports, SETTLED)


def no_outcome(reports: Iterable[Report]) -> int:
    """Drop mails about outcomes that were undone before they went out. Returns how many."""
    unsent = Delivery.objects.filter(report__in=[row.pk for row in reports], sent_at=None, attempts=0)
    return unsent.filter(event=SETTLED).delete()[0]


def _queue(reports: Sequence[Report], event: str) -> int:
    accounts = {row.account_id for row in reports if row.account_id}
    known = addresses(Q(user__in=accounts)) if accounts else {}
    rows = [
        Delivery(report=report, event=event, address=address, language=language)
        for report in reports
        if report.account_id in known
        for address, language in [known[report.account_id]]
    ]
    if rows:
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        send_due.enqueue()
    return len(rows)
