"""The outbox: every mail of the site is a row, written in the transaction of its cause, and sent by the worker.

A worker leases a mail before it sends it, so that no other worker sends it, and records afterwards that it was sent. If
a worker is killed in between, its lease runs out and the mail is sent again: none is lost. If the mail server had
already accepted the first copy, it can recognise the second by its Message-ID, which stays the same. We cannot promise
more, since a mail server takes no part in our transaction.

What fails is tried again, each time later, for 48 hours; a code or a link as long as it is valid; to an address that
the mail server refuses, for an hour. Then it is given up: the row stays, the admin lists it, and an operator can have
it sent again. Where the server says that there is no such mailbox, it is given up at once, and the address gets no
more mail, as if the mail had come back (`newsreader.mailing.smtp_refusals`).
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy

from newsreader.kit import field_keys, metrics, task_queue
from newsreader.kit.clock import ahead
from newsreader.kit.compiled_inserts import TOGETHER as IN_ONE_STATEMENT
from newsreader.kit.compiled_inserts import insert_all
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.compiled_updates import CompiledUpdate
from newsreader.kit.errors import Conflict, DomainError
from newsreader.kit.task_queue import take_others
from newsreader.kit.tasks import task
from newsreader.mailing import headers, letter, smtp_refusals, suppression
from newsreader.mailing.models import Letter
from newsreader.mailing.signals import sent_again

logger = logging.getLogger(__name__)
Context = dict[str, Any]
# How long a mail waits for a worker that died while sending. Longer than sending can take: about ten steps of SMTP,
# each limited to EMAIL_TIMEOUT.
LEASE = dt.timedelta(minutes=5)
TRIED_FOR = dt.timedelta(hours=48)
LEAST = 6  # attempts, before a mail without an end is given up: the worker itself may have been away for long
LONGEST_PAUSE = dt.timedelta(hours=4)
LAST_STEP = 8  # attempts, from which on each pause is the longest
TURN = 20  # seconds; a mail server that hangs must not block the worker's other jobs. The rest is sent next time.
AT_ONCE = 200  # mails
TOGETHER = 20  # mails that are read at once
# By which what is of use for minutes only goes before all else that is due: a person waits for it, at a form.
FIRST = dt.timedelta(days=1)
# `failure` of a mail that was not even tried: its time was over, its address gets none, or it was not right any more.
EXPIRED, SUPPRESSED, OUTDATED = "Expired", "Suppressed", "Outdated"
REFUSED = "Refused"  # `failure` where the mail server wants no mail to this address; tried LEAST times, for an hour


def enqueue(rows: Collection[Letter], *, wake: bool = True) -> int:
    """Put mails into the outbox, in the transaction of their event, and wake the worker. Returns how many were given.

    A second mail about the same event to the same address is left out. What has an end goes first. Without `wake`, the
    caller has something else wake the worker.
    """
    _put_forward(rows)
    if len(rows) <= IN_ONE_STATEMENT:
        insert_all(list(rows), unless_there=True)
    else:
        Letter.objects.bulk_create(rows, ignore_conflicts=True)
    if rows and wake:
        send_due.enqueue()
    return len(rows)


def enqueue_with(task: Any, *others: Model, letters: Collection[Letter] = ()) -> None:
    """Put the mails of an event into the outbox that is new in this transaction, so that none of them can be there.

    With them go other new rows, and this task, which has to wake the worker: in one statement where that is possible.
    """
    _put_forward(letters)
    task_queue.enqueue_with(task, *others, *letters)


def _put_forward(rows: Iterable[Letter]) -> None:
    for row in rows:
        if row.ends_at and row.due_at <= timezone.now():
            row.due_at -= FIRST


def secretly(**values: Any) -> str:
    """Return what a letter says and no row may tell, for `Letter.secret`: encrypted."""
    return field_keys.encrypt(values)


def told_secretly(row: Letter) -> dict[str, Any]:
    """Return what travels in a letter's secret; nothing once it is deleted. Raises kit.field_keys.Unreadable."""
    return dict(field_keys.decrypt(row.secret)) if row.secret else {}


def renew_secrets() -> int:
    """Encrypt anew what mails on their way say and an older key has encrypted. Returns how many; none that is sent."""
    changed = 0
    for pk, secret in _with_old_secrets():
        try:
            renewed = field_keys.renewed(secret)
        except field_keys.Unreadable:
            continue
        changed += Letter.objects.filter(pk=pk, secret=secret).update(secret=renewed)
    return changed


def secrets_left() -> int:
    """Return how many mails on their way the newest key cannot read."""
    return len(_with_old_secrets())


def _with_old_secrets() -> list[tuple[int, str]]:
    waiting = Letter.objects.filter(sent_at=None, given_up_at=None).exclude(secret="").values_list("pk", "secret")
    return [(pk, secret) for pk, secret in waiting.iterator() if not field_keys.is_current(secret)]


def drop(about: str, ids: Iterable[int], names: Collection[str] = (), *, tried: bool = False) -> int:
    """Delete the unsent mails about these things: all, or those of these names. Returns how many.

    Those that a worker has begun to send stay on record, unless `tried`.
    """
    rows = _about(about, ids).filter(sent_at=None)
    rows = rows if tried else rows.filter(attempts=0, given_up_at=None)
    return (rows.filter(name__in=names) if names else rows).delete()[0]


def drop_replaced(row: Letter) -> int:
    """Delete the mails that this new one replaces: of its name, to its address, and not begun to be sent."""
    waiting = Letter.objects.filter(address=row.address, name=row.name, attempts=0, sent_at=None, given_up_at=None)
    return waiting.delete()[0]


def given_up() -> QuerySet[Letter]:
    """Return the mails that did not reach anybody and should have."""
    return Letter.objects.filter(given_up_at__isnull=False).exclude(failure__in=[SUPPRESSED, OUTDATED])


class NotGivenUp(Conflict):
    """It waits, or was sent: somebody else has pressed the button, or the page is old."""

    code = "mail_not_given_up"
    sentence = gettext_lazy("This mail was not given up: it was sent, or will be.")


class MailExpired(DomainError):
    """What it brought is not valid any more, and was deleted."""

    code, status = "mail_expired", 410
    sentence = gettext_lazy("This mail brought a code or a link that has expired. A new one has to be asked for.")


def is_of_use(row: Letter) -> bool:
    """Say whether a mail that was given up can be sent again: not if it was outdated, or what it brought is deleted."""
    return row.failure != OUTDATED and row.ends_at is None


@transaction.atomic
def send_again(letter_id: int, *, by: Any) -> Letter:
    """Have a mail sent that was given up, as if it had just been queued, and record who wanted that.

    Raises Letter.DoesNotExist, NotGivenUp, MailExpired.
    """
    row = Letter.objects.select_for_update().get(pk=letter_id)
    if row.given_up_at is None or row.failure == OUTDATED:
        raise NotGivenUp()
    if row.ends_at:
        raise MailExpired()
    row.given_up_at, row.attempts, row.failure, row.due_at = None, 0, "", timezone.now()
    row.save(update_fields=["given_up_at", "attempts", "failure", "due_at"])
    sent_again.send(Letter, letter=row, by=by)
    send_due.enqueue()
    return row


def forget(about: str, ids: Iterable[int]) -> int:
    """Delete all mails about these things, sent ones too, since these are erased. Returns how many."""
    return _about(about, ids).delete()[0]


def _about(about: str, ids: Iterable[int]) -> QuerySet[Letter]:
    return Letter.objects.filter(about=about, about_id__in=list(ids))


# --- Sending ------------------------------------------------------------------------------------------------------


@task(priority=50)  # Before pictures and imports: somebody may wait for a code.
def send_due() -> int:
    """Send every mail that is due; returns how many. Two workers never send the same one.

    It gives up its turn after TURN seconds, or AT_ONCE mails, and queues itself again where more is left.
    Whatever else was queued to send mails is done with it: a hundred posts a second need no hundred tasks.
    """
    take_others(send_due)
    ends, sent, tried = time.monotonic() + TURN, 0, set[int]()
    read = TOGETHER
    while read == TOGETHER:  # Otherwise that was all: what comes now brings a task of its own.
        found = _next(*_times(timezone.now()))
        some, read = [row for row in found if row.pk not in tried], len(found)
        if not some:
            break
        contexts = _contexts(some)
        stopped = suppression.reasons_of(row.address for row in some)
        for row in some:
            if len(tried) == AT_ONCE or time.monotonic() >= ends:
                send_due.enqueue()  # There may be more.
                return sent
            tried.add(row.pk)
            sent += _send(row, contexts[row.pk], stopped.get(row.address, ()))
    return sent


def _pause(attempts: int, *, is_urgent: bool = False) -> dt.timedelta:
    """Return how long a mail waits after it has failed so many times; one that is of use for minutes only, less."""
    if is_urgent and attempts < LAST_STEP:
        return dt.timedelta(seconds=15 * 2**attempts)
    return LONGEST_PAUSE if attempts >= LAST_STEP else dt.timedelta(minutes=2**attempts)


def _leased(attempts: int) -> dt.timedelta:
    """Return how long a mail waits if its worker dies at this attempt: one that kills workers must not go on so."""
    return max(LEASE, _pause(attempts))


def _times(now: dt.datetime) -> list[dt.datetime]:
    """Return what `_due` compares with: now, and for each number of attempts the furthest time that is stored here."""
    return [now, ahead(now), *(ahead(now, _leased(attempts)) for attempts in range(1, LAST_STEP + 1))]


def _due(now: dt.datetime, *furthest: dt.datetime) -> QuerySet[Letter]:
    """Return the unsent mails whose time has come, or for which an earlier clock has stored it.

    It did, where that lies further ahead than any that is stored after so many attempts; of one that was not tried yet,
    and may be for later, where it was queued in the future.
    """
    due = Q(due_at__lte=now)
    for attempts, end in enumerate(furthest):
        tried = Q(**{"attempts__gte" if attempts == LAST_STEP else "attempts": attempts})
        due |= tried & (Q(due_at__gt=end) if attempts else Q(created_at__gt=end))
    return Letter.objects.filter(due, sent_at=None, given_up_at=None)


@Compiled
def _next(*times: dt.datetime) -> QuerySet[Letter]:
    """The mails whose turn it is: a few, so that nothing has changed when they are sent."""
    return _due(*times).order_by("due_at")[:TOGETHER]


@partial(CompiledUpdate, "attempts")
def _lease(pk: int, until: dt.datetime, *times: dt.datetime) -> tuple[QuerySet[Letter], dict[str, Any]]:
    return _due(*times).filter(pk=pk), {"due_at": until, "attempts": F("attempts") + 1}


@partial(CompiledUpdate, "attempts")
def _note_sent(pk: int, at: dt.datetime) -> tuple[QuerySet[Letter], dict[str, Any]]:
    return Letter.objects.filter(pk=pk), {"sent_at": at, "failure": "", "secret": ""}


Found = Context | None | Exception  # None: not to be sent any more


def _contexts(rows: Sequence[Letter]) -> dict[int, Found]:
    """Return for each letter what its templates need. Raises the errors of the database."""
    found: dict[int, Found] = {}
    together: dict[str, list[Letter]] = {}
    for row in rows:
        together.setdefault(_builder_of(row.name), []).append(row)
    for path, some in together.items():
        found |= _built(path, some)
    return found


def _builder_of(name: str) -> str:
    """Return the dotted path of the function that knows letters of this name: that of the longest prefix.

    Empty where none does, as for one that the next release has written.
    """
    prefix: str = max((each for each in settings.LETTER_CONTEXTS if name.startswith(each)), key=len, default="")
    return str(settings.LETTER_CONTEXTS.get(prefix, ""))


def _built(path: str, rows: list[Letter]) -> dict[int, Found]:
    """Ask a room for the contexts of its letters. One that it cannot make holds up no other."""
    try:
        build: Callable[[list[Letter]], dict[int, Context | None]] = import_string(path)
        made = build(rows)
        return {row.pk: made[row.pk] for row in rows}
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        if len(rows) == 1:
            return {rows[0].pk: error}
        return {pk: found for row in rows for pk, found in _built(path, [row]).items()}


def _send(row: Letter, context: Found, stopped: Collection[str]) -> bool:
    """Send one mail. `stopped`: the reasons for which its address gets less mail.

    Raises the errors of the database; before the mail is leased they cost it no attempt.
    """
    pk, now = row.pk, timezone.now()
    times = _times(now)
    if _is_over(row, now):
        return _given_up(row, EXPIRED, now)
    if context is None:
        _still_due(row, now).update(given_up_at=now, secret="", failure=OUTDATED)
        return False
    if suppression.is_suppressed(stopped, row.name):
        return _given_up(row, SUPPRESSED, now)
    identity = f"{pk}.{row.created_at:%Y%m%d%H%M%S%f}"  # With the time, since ids repeat after a restore.
    try:
        if isinstance(context, Exception):
            raise context
        message = letter.written(row.name, row.address, context, language=row.language, identity=identity)
        message.extra_headers |= headers.for_letter(row)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        return _failed(_still_due(row, now), error, now, row)
    if not _lease(pk, now + _leased(row.attempts + 1), *times):
        return False  # Another worker has it, the comment was withdrawn, or the article has appeared.
    try:
        letter.hand_over(message, row.name)
    except Exception as error:
        _failed(Letter.objects.filter(pk=pk), error, now, row, leased=True)
        if smtp_refusals.is_gone(error):
            suppression.suppress(row.address, suppression.Reason.BOUNCED)
            Letter.objects.filter(pk=pk).update(given_up_at=now, secret="", failure=REFUSED)
            metrics.MAILS.labels(row.name, "given_up").inc()
        return False
    _note_sent(pk, timezone.now())
    return True


def _is_over(row: Letter, now: dt.datetime) -> bool:
    """Say whether a mail is of no use any more, or was tried for long enough."""
    if row.ends_at:
        return row.ends_at <= now
    return row.attempts >= LEAST and (row.failure == REFUSED or row.created_at <= now - TRIED_FOR)


def _failed(rows: QuerySet[Letter], error: Exception, now: dt.datetime, row: Letter, *, leased: bool = False) -> bool:
    """Have a mail wait that could not be sent."""
    for pk, attempts in rows.values_list("pk", "attempts"):
        if not leased:  # Otherwise it is counted where it was handed over.
            metrics.MAILS.labels(row.name, "failed").inc()
        logger.error("Mail %s could not be sent", pk, exc_info=error)
        attempts += not leased
        due_at = now + _pause(attempts, is_urgent=bool(row.ends_at))
        rows.update(due_at=due_at, attempts=attempts, failure=_named(error))
    return False


def _named(error: Exception) -> str:
    """Return what is kept of an error: its class, or that every recipient was refused for good (RFC 5321, 4.2.1)."""
    codes = [code for code, _answer in error.recipients.values()] if isinstance(error, SMTPRecipientsRefused) else []
    return REFUSED if codes and min(codes) >= 500 else type(error).__name__


def _still_due(row: Letter, now: dt.datetime) -> QuerySet[Letter]:
    """Return this mail, unless another worker has it by now."""
    return _due(*_times(now)).filter(pk=row.pk)


def _given_up(row: Letter, why: str, now: dt.datetime) -> bool:
    """Try a mail no more. What its last error was stays, if it had one."""
    if _still_due(row, now).update(given_up_at=now, secret="", failure=row.failure or why):
        logger.error("Mail %s (%s) was given up: %s", row.pk, row.name, row.failure or why)
        metrics.MAILS.labels(row.name, "given_up").inc()
    return False
