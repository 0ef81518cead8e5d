"""Mails to members who reported a comment and want to hear what becomes of it: a receipt, and the outcome.

They go only to a verified address of the account, never to one that was typed.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q

from comments.models import Delivery, Report
from comments.notifications.outbox import enqueue
from comments.notifications.recipients import addresses

RECEIVED, SETTLED = Delivery.Event.REPORT_RECEIVED, Delivery.Event.REPORT_SETTLED
OBJECTION_SETTLED = Delivery.Event.OBJECTION_SETTLED


def queue_receipt(report: Report) -> int:
    """Queue the mail that we have received a report. Returns how many: one or none."""
    return _queue([(report, RECEIVED)])


def queue_outcomes(reports: Sequence[Report]) -> int:
    """Queue a mail about the outcome of each report, or of the objection to that outcome. Returns how many."""
    return _queue([(report, OBJECTION_SETTLED if report.objected_at else SETTLED) for report in reports])


def no_outcome(reports: Iterable[Report]) -> int:
    """Drop the unsent mails about outcomes that were undone. Returns how many."""
    unsent = Delivery.objects.filter(report__in=[row.pk for row in reports], sent_at=None, attempts=0)
    return unsent.filter(event__in=[SETTLED, OBJECTION_SETTLED]).delete()[0]


def _queue(events: Sequence[tuple[Report, str]]) -> int:
    accounts = {row.account_id for row, _event in events if row.account_id}
    known = addresses(Q(user__in=accounts)) if accounts else {}
    return enqueue(
        [
            Delivery(report=report, event=event, address=address, language=language)
            for report, event in events
            if report.account_id in known
            for address, language in [known[report.account_id]]
        ]
    )
