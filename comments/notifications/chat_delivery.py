"""Posting to chat rooms what they are to be told: signed, within seconds, and again later where a room does not answer.

A worker leases a room, so that no other writes to it, and deletes what it has told. If it is killed in between, the
room may be told twice: `X-Newsreader-Delivery` stays the same. A room that fails is asked again after 1, 2, 4 … up to
60 minutes; all that has come up meanwhile is then one message. After three days it is switched off, and those who run
the site get a mail; at once, where it answers 410 Gone. Redirects are failures.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import logging
import time
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from comments.audit import audit_log
from comments.models import ChatHook, ChatMessage, CommentSettings, When
from comments.models.permissions import run_the_site
from comments.notifications import chat_words, pace
from comments.notifications.letter_names import CHAT, SWITCHED_OFF
from comments.notifications.links import chat_url
from comments.notifications.recipients import addresses
from newsreader.kit import field_keys, metrics, safe_http
from newsreader.kit.clock import ahead, is_ahead
from newsreader.kit.task_queue import take_others
from newsreader.kit.tasks import task
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from newsreader.provider_settings import LOOPBACK

logger = logging.getLogger(__name__)
SECONDS = 5.0  # for one message
TURN = 20  # seconds; rooms that hang must not block the worker's other jobs
LEASE = dt.timedelta(minutes=2)  # Longer than a turn.
LONGEST_PAUSE = dt.timedelta(hours=1)
GIVEN_UP = dt.timedelta(days=3)
GONE = 410
SIGNATURE, DELIVERY = "X-Newsreader-Signature", "X-Newsreader-Delivery"
NEWS = {ChatMessage.Event.WAITING, ChatMessage.Event.REPORT}  # what becomes one message where there is much of it


@task()
def deliver() -> int:
    """Tell the rooms whatever is due. Returns how many messages arrived. Also a job of the worker."""
    take_others(deliver)
    ends, sent = time.monotonic() + TURN, 0
    for pk in _with_something(timezone.now()):
        if time.monotonic() >= ends:
            break  # The job goes on.
        sent += _deliver(pk, ends)
    return sent


def on_loopback() -> bool:
    """Say whether the site is only tried out on this machine: then chat rooms may be played here, too."""
    return settings.SITE_HOST in LOOPBACK


def limit_of() -> int:
    """Return how many messages a room gets in an hour, one by one."""
    return CommentSettings.objects.current().mails_an_hour


def when_of(hook: ChatHook) -> str:
    """Return when a room is told: of each comment at once, or once an hour of all."""
    return When.AT_ONCE if hook.on_waiting or not hook.on_digest else When.HOURLY


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the header that proves who sent a body, and when (seconds since 1970): HMAC-SHA256 of `<at>.<body>`."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def _with_something(now: dt.datetime) -> list[int]:
    due = Q(due_at=None) | Q(due_at__lte=now) | Q(due_at__gt=ahead(now, LONGEST_PAUSE))
    rows = ChatHook.objects.filter(due, messages__isnull=False).distinct().order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _free(now: dt.datetime) -> QuerySet[ChatHook]:
    return ChatHook.objects.filter(
        Q(leased_until=None) | Q(leased_until__lte=now) | Q(leased_until__gt=ahead(now, LEASE))
    )


def _deliver(pk: int, ends: float) -> int:
    now = timezone.now()
    if not _free(now).filter(pk=pk).update(leased_until=now + LEASE):
        return 0
    sent = 0
    try:
        hook = ChatHook.objects.get(pk=pk)
        for rows in _batches(hook, now):
            if time.monotonic() >= ends or not _send(hook, rows):
                break
            sent += 1
    finally:
        ChatHook.objects.filter(pk=pk).update(leased_until=None)
    return sent


def _batches(hook: ChatHook, now: dt.datetime) -> list[list[ChatMessage]]:
    """Return what a room is to be told now, a list for each message."""
    rows = list(hook.messages.order_by("pk").select_related("comment__article", "report", "hook"))
    if not hook.is_active:
        return [[row] for row in rows if row.event == ChatMessage.Event.TEST]
    gathered = [row for row in rows if row.is_gathered]
    if gathered and not pace.is_due(hook, when_of(hook), now):
        gathered = []
    single = [row for row in rows if not row.is_gathered]
    news = [row for row in single if row.event in NEWS]
    together = [*news, *gathered] if gathered or len(news) > limit_of() else []
    told = {row.pk for row in together}
    return [*([row] for row in single if row.pk not in told), *([together] if together else [])]


def _send(hook: ChatHook, rows: list[ChatMessage]) -> bool:
    """Tell a room something. Returns False where it failed, so that the rest need not be tried now."""
    payload = chat_words.payload(rows)
    if payload is None:  # Nothing of it is left to tell.
        _told(hook, rows)
        return True
    body = json.dumps(payload, ensure_ascii=False).encode()
    try:
        address, secret = field_keys.decrypt(hook.sealed_address), field_keys.decrypt(hook.sealed_secret)
        headers = {
            SIGNATURE: signature(secret, body, int(timezone.now().timestamp())),
            DELIVERY: f"{hook.pk}-{rows[0].pk}",
        }
        status = safe_http.post(address, body, headers, seconds=SECONDS, own=on_loopback())
    except (safe_http.FetchRefused, safe_http.FetchFailed) as fault:
        return _failed(hook, fault.code)
    except field_keys.Unreadable:
        return _failed(hook, "key")
    if not 200 <= status < 300:
        return _failed(hook, f"status {status}", is_gone=status == GONE)
    metrics.CHAT_MESSAGES.labels("sent").inc()
    ChatHook.objects.filter(pk=hook.pk).update(
        delivered_at=timezone.now(), failing_since=None, failure="", attempts=0, due_at=None
    )
    _told(hook, rows)
    return True


@transaction.atomic
def _told(hook: ChatHook, rows: list[ChatMessage]) -> None:
    """Delete what was told. What has been gathered meanwhile waits for the next message."""
    now, row = timezone.now(), ChatHook.objects.select_for_update().get(pk=hook.pk)
    ChatMessage.objects.filter(pk__in=[each.pk for each in rows]).delete()
    if any(each.is_gathered for each in rows):
        pace.done(row)
        if row.messages.filter(is_gathered=True).exists():
            pace.gather(row, when_of(row), now, at=now)
        row.save(update_fields=["hour_began_at", "hour_count", "gathered_from", "gathered_until"])


@transaction.atomic
def _failed(hook: ChatHook, code: str, *, is_gone: bool = False) -> bool:
    """Have a room wait that could not be told something; switch it off after days, or where it is gone."""
    metrics.CHAT_MESSAGES.labels("failed").inc()
    logger.warning("A chat room could not be told: %s (%s)", hook.pk, code)
    now, row = timezone.now(), ChatHook.objects.select_for_update().get(pk=hook.pk)
    if row.failing_since is None or is_ahead(row.failing_since, now):
        row.failing_since = now
    row.failure, row.attempts = code[:40], row.attempts + 1
    row.due_at = now + min(dt.timedelta(minutes=2 ** min(row.attempts - 1, 10)), LONGEST_PAUSE)
    row.messages.filter(event=ChatMessage.Event.TEST).delete()  # Whoever pressed the button has seen the failure.
    is_over = row.is_active and (is_gone or now - row.failing_since >= GIVEN_UP)
    row.is_active = row.is_active and not is_over
    row.save(update_fields=["failing_since", "failure", "attempts", "due_at", "is_active"])
    if is_over:
        row.messages.all().delete()
        _tell_who_runs_the_site(row, now)
    return False


def _tell_who_runs_the_site(hook: ChatHook, now: dt.datetime) -> None:
    metrics.CHAT_MESSAGES.labels("switched_off").inc()
    audit_log.note("chat_switched_off", f"chat:{hook.pk}", facts={"failure": hook.failure})
    number = int(now.timestamp()) // 60  # so that it is told again the next time that this happens
    known = sorted(set(addresses(Q(user__in=run_the_site())).values()))
    outbox.enqueue(
        [
            Letter(name=SWITCHED_OFF, about=CHAT, about_id=hook.pk, number=number, address=address, language=language)
            for address, language in known
        ]
    )


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the template of the mail about a room needs, by letter; None where the room is gone."""
    hooks = ChatHook.objects.in_bulk([letter.about_id for letter in letters if letter.about_id])
    return {letter.pk: _context(hooks.get(letter.about_id or 0)) for letter in letters}


def _context(hook: ChatHook | None) -> dict[str, Any] | None:
    if hook is None or hook.is_active:
        return None
    # Called by the template, so that it is in the language of the mail.
    return {"hook": hook, "failure": partial(chat_words.failure_in_words, hook.failure), "url": chat_url(hook.pk)}
