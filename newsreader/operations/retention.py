"""What is known of people goes after a time: as `newsreader.accounts.models.Retention` says, which editors change.

All that goes by its age is here, and nowhere else. Each kind is a function that deletes or cuts what is old, in short
transactions, until a time: a first run over a million rows takes many turns, and neither posting nor the worker's other
jobs wait for it. To add a kind, write its function and its line in KINDS; where it is about people, add a field to
Retention, its sentence in `comments.desk.retention_admin`, and name it in the registry (`entries.kinds.term`). Ages
that are part of a rule are that rule's own: rate limits, counts of mails, answers over REST, review locks.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from comments.audit import audit_log
from comments.desk import teamwork
from comments.moderation import old_traces
from comments.notifications import subscriptions
from comments.objections import old_objections
from comments.posting import email_confirmation, kept_drafts
from comments.screening import rate_limit
from newsreader.accounts import invitations, kept_answers, old_sessions, unconfirmed
from newsreader.accounts.models import Retention, SentPicture
from newsreader.kit import metrics, private_uploads
from newsreader.kit.long_writes import ShortTransactions, delete_some
from newsreader.mailing import budget
from newsreader.mailing.models import Letter
from newsreader.operations import orphans

logger = logging.getLogger(__name__)
TURN, OF_ONE = 3.0, 1.0  # seconds of the worker at a time, and of them for one kind
AGAIN = 3600.0  # seconds until a kind is looked at again of which nothing old was left
AGAIN_FILES = 86_400.0  # the same of stored files, all of which are listed for it
Kind = Callable[[Retention, dt.datetime, float], int]


def _days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


def addresses_cut(rules: Retention, now: dt.datetime, until: float) -> int:
    before = now - _days(rules.addresses_whole)
    return old_traces.cut_addresses(before, until) + old_sessions.cut_addresses(before, until)


def addresses_dropped(rules: Retention, now: dt.datetime, until: float) -> int:
    before = now - _days(rules.addresses)
    return old_traces.drop_addresses(before, until) + old_sessions.drop_addresses(before, until)


def browsers(rules: Retention, now: dt.datetime, until: float) -> int:
    before = now - _days(rules.browsers)
    return old_traces.drop_browsers(before, until) + old_sessions.drop_browsers(before, until)


def reports(rules: Retention, now: dt.datetime, until: float) -> int:
    """Erase who made reports that were settled long ago."""
    return old_objections.empty_old_reports(now - _days(rules.reports), until)


def appeals(rules: Retention, now: dt.datetime, until: float) -> int:
    """Erase the words of appeals that were settled long ago."""
    return old_objections.empty_old_appeals(now - _days(rules.appeals), until)


def mails(rules: Retention, now: dt.datetime, until: float) -> int:
    """Delete sent and given-up mails. Their ids rise with time, so the oldest few say whether any is old."""
    before, deleted, writes = now - _days(rules.mails), 0, ShortTransactions()
    oldest = Letter.objects.order_by("pk").values_list("created_at", flat=True)[:50]
    while time.monotonic() < until and any(at < before for at in oldest.all()):
        done = Letter.objects.exclude(sent_at=None, given_up_at=None).filter(created_at__lt=before).order_by("pk")
        keys = list(done.values_list("pk", flat=True)[:500])
        if not keys:
            break
        with writes.next():
            deleted += Letter.objects.filter(pk__in=keys).delete()[0]
    return deleted


def proofs(rules: Retention, now: dt.datetime, until: float) -> int:
    """Delete requests to confirm an address, of a comment and of mails that somebody wanted."""
    age = _days(rules.proofs)
    return delete_some(email_confirmation.old(age), until) + delete_some(subscriptions.unconfirmed(age), until)


def notices(rules: Retention, now: dt.datetime, until: float) -> int:
    return delete_some(subscriptions.told(_days(rules.notices)), until)


def ended_invitations(rules: Retention, now: dt.datetime, until: float) -> int:
    deleted = 0
    while time.monotonic() < until and (some := invitations.forget_old(_days(rules.invitations))):
        deleted += some
    return deleted


def unconfirmed_accounts(rules: Retention, now: dt.datetime, until: float) -> int:
    deleted = 0
    while time.monotonic() < until and (some := unconfirmed.delete_some(_days(rules.proofs))):
        deleted += some
    return deleted


def uploads(rules: Retention, now: dt.datetime, until: float) -> int:
    """Delete files of this host that were uploaded to be imported, and were not."""
    return private_uploads.forget_old(_days(rules.uploads))


def drafts(rules: Retention, now: dt.datetime, until: float) -> int:
    return delete_some(kept_drafts.old(dt.timedelta(hours=rules.draft_hours)), until)


def sessions(rules: Retention, now: dt.datetime, until: float) -> int:
    return old_sessions.delete_ended(_days(rules.sessions), until)


def tasks(rules: Retention, now: dt.datetime, until: float) -> int:
    return delete_some(DBTaskResult.objects.finished().filter(finished_at__lt=now - _days(rules.tasks)), until)


def answers(rules: Retention, now: dt.datetime, until: float) -> int:
    return delete_some(kept_answers.old(), until)


def rate_limits(rules: Retention, now: dt.datetime, until: float) -> int:
    return delete_some(rate_limit.full(), until)


def asked_letters(rules: Retention, now: dt.datetime, until: float) -> int:
    return delete_some(budget.old(), until)


def review_locks(rules: Retention, now: dt.datetime, until: float) -> int:
    return delete_some(teamwork.expired_locks(), until)


def pictures(rules: Retention, now: dt.datetime, until: float) -> int:
    """Delete the notes that somebody's picture could not be used."""
    return delete_some(SentPicture.objects.filter(is_refused=True, sent_at__lt=now - _days(rules.pictures)), until)


def log_people(rules: Retention, now: dt.datetime, until: float) -> int:
    """Erase names and addresses in old entries of the audit log; 0 days: never."""
    forgotten = 0
    while rules.log_people and time.monotonic() < until:
        with transaction.atomic():
            some = audit_log.forget_old(now - _days(rules.log_people))
        forgotten += some
        if not some:
            break
    return forgotten


def files(rules: Retention, now: dt.datetime, until: float) -> int:
    """Delete stored files that belong to nothing; 0 days: only say in the log how many there are."""
    found = orphans.clear(_days(rules.files or 1), delete=bool(rules.files))
    return len(found.names) if found.deleted else 0


KINDS: list[Kind] = [
    addresses_cut,
    addresses_dropped,
    browsers,
    reports,
    appeals,
    mails,
    notices,
    proofs,
    drafts,
    sessions,
    tasks,
    answers,
    rate_limits,
    asked_letters,
    review_locks,
    pictures,
    ended_invitations,
    unconfirmed_accounts,
    uploads,
    log_people,
    files,
]
_done: dict[str, float] = {}  # when nothing old was left of a kind, by the monotonic clock
_began: dict[str, float] = {}  # when a kind was last looked at


def run(turn: float = TURN, *, all_kinds: bool = False) -> dict[str, int]:
    """Delete and cut what is old, for one turn. Returns how many of each kind. A job of the worker.

    First what has waited longest, so that none waits for hours while there is much of three others. `all_kinds`: also
    those of which nothing old was left a short while ago.
    """
    ends, done = time.monotonic() + turn, dict[str, int]()
    due = [kind for kind in KINDS if all_kinds or _is_due(kind)]
    due.sort(key=lambda kind: _began.get(kind.__name__, float("-inf")))
    rules = Retention.objects.current() if due else None
    for kind in due:
        began = time.monotonic()
        if rules is None or began >= ends:
            break
        _began[kind.__name__] = began
        until = min(ends, began + max(OF_ONE, turn / len(KINDS)))
        done[kind.__name__] = number = kind(rules, timezone.now(), until)
        if number:
            metrics.FORGOTTEN.labels(kind.__name__).inc(number)
            logger.info("Retention: %d of %s", number, kind.__name__)
        if time.monotonic() < until:
            _done[kind.__name__] = began
    return done


def _is_due(kind: Kind) -> bool:
    again = AGAIN_FILES if kind is files else AGAIN
    return time.monotonic() - _done.get(kind.__name__, float("-inf")) >= again
