"""Mails to members who reported a comment and want to hear what becomes of it: a receipt, and the outcome.

They go only to a verified address of the account, never to one that was typed.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q

from comments.models import Report
from comments.notifications.letter_names import OBJECTION_SETTLED, REPORT, REPORT_RECEIVED, REPORT_SETTLED
from comments.notifications.recipients import addresses
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter


def queue_receipt(report: Report) -> int:
    """Queue the mail that we have received a report. Returns how many: one or none."""
    return _queue([(report, REPORT_RECEIVED)])


def queue_outcomes(reports: Sequence[Report]) -> int:
    """Queue a mail about the outcome of each report, or of the objection to that outcome. Returns how many."""
    return _queue([(report, OBJECTION_SETTLED if report.objected_at else REPORT_SETTLED) for report in reports])


def no_outcome(reports: Iterable[Report]) -> int:
    """Drop the unsent mails about outcomes that were undone. Returns how many."""
    return outbox.drop(REPORT, [row.pk for row in reports], [REPORT_SETTLED, OBJECTION_SETTLED])


def _queue(wanted: Sequence[tuple[Report, str]]) -> int:
    accounts = {row.account_id for row, _name in wanted if row.account_id}
    known = addresses(Q(user__in=accounts)) if accounts else {}
    return outbox.enqueue(
        [
            Letter(name=name, about=REPORT, about_id=report.pk, address=address, language=language)
            for report, name in wanted
            if report.account_id in known
            for address, language in [known[report.account_id]]
        ]
    )
