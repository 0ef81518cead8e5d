"""Chat rooms: adding and changing them, and noting what they are to be told. `chat_delivery` tells them.

The address is a person's input: it is https, on a public host, and asked for only through kit.safe_http.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.taxonomy import Section
from comments.audit import audit_log
from comments.models import ChatHook, ChatMessage, Comment, Report, When
from comments.notifications import pace
from comments.notifications.chat_delivery import deliver, limit_of, on_loopback, when_of
from newsreader.accounts.models import User
from newsreader.kit import field_keys, safe_http
from newsreader.kit.clock import is_ahead
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.text import tidy_line

EVENTS = {"waiting": "on_waiting", "digest": "on_digest", "alarm": "on_alarm", "reports": "on_reports"}
LONGEST = 1000  # characters of an address
KEY = 32  # bytes of a secret


def events_of(hook: ChatHook) -> list[str]:
    """Return the names of the events that a room is told of."""
    return [name for name, column in EVENTS.items() if getattr(hook, column)]


def secret_of(hook: ChatHook) -> str:
    """Return the secret with which messages to this room are signed. Raises kit.field_keys.Unreadable."""
    return str(field_keys.decrypt(hook.sealed_secret))


@transaction.atomic
def renew_secrets() -> int:
    """Encrypt addresses and secrets with the newest key, so that an older one can go. Returns how many were not yet.

    What no key can read stays: it can be read again once its key is back.
    """
    count = 0
    for hook in ChatHook.objects.select_for_update().order_by("pk"):
        if _is_current(hook):
            continue
        try:
            sealed = {name: field_keys.renewed(getattr(hook, name)) for name in ("sealed_address", "sealed_secret")}
        except field_keys.Unreadable:
            continue
        count += ChatHook.objects.filter(pk=hook.pk).update(**sealed)
    return count


def secrets_left() -> int:
    """Return of how many chat rooms the newest key cannot read the address or the secret."""
    return sum(not _is_current(hook) for hook in ChatHook.objects.all())


def _is_current(hook: ChatHook) -> bool:
    return field_keys.is_current(hook.sealed_address) and field_keys.is_current(hook.sealed_secret)


@transaction.atomic
def add(
    *,
    name: str,
    address: str,
    events: Iterable[str] = ("waiting", "alarm"),
    sections: Iterable[Section] = (),
    is_active: bool = True,
    by: User | None = None,
) -> tuple[ChatHook, str]:
    """Add a chat room. Returns it, and the secret of its signatures, which is never shown again. Raises Invalid."""
    secret = secrets.token_urlsafe(KEY)
    hook = ChatHook(sealed_secret=field_keys.encrypt(secret), is_active=is_active)
    _set(hook, {"name": name, "address": address, "events": events})
    hook.save()
    hook.sections.set(sections)
    audit_log.note("chat_added", f"chat:{hook.pk}", by=by, facts={"events": events_of(hook)})
    return hook, secret


@transaction.atomic
def change(hook_id: int, values: dict[str, Any], *, by: User | None = None) -> ChatHook:
    """Change a chat room: `name`, `address`, `events`, `sections`, `is_active`, whichever are given.

    A room that is used again, or has another address, starts anew. Raises Invalid, ChatHook.DoesNotExist.
    """
    hook = ChatHook.objects.select_for_update().get(pk=hook_id)
    was_active = hook.is_active
    _set(hook, values)
    hook.is_active = values.get("is_active", hook.is_active)
    if "address" in values or (hook.is_active and not was_active):
        hook.attempts, hook.due_at, hook.failing_since, hook.failure = 0, None, None, ""
    hook.save()
    if "sections" in values:
        hook.sections.set(values["sections"])
    if not hook.is_active:
        hook.messages.all().delete()
    audit_log.note("chat_changed", f"chat:{hook.pk}", by=by, facts={"changed": sorted(values)})
    return hook


@transaction.atomic
def remove(hook_id: int, *, by: User | None = None) -> bool:
    """Remove a chat room, and what it was still to be told. Returns whether there was one."""
    if not ChatHook.objects.filter(pk=hook_id).delete()[0]:
        return False
    audit_log.note("chat_removed", f"chat:{hook_id}", by=by)
    return True


def check(values: dict[str, Any]) -> None:
    """Raise Invalid for what `add` or `change` would refuse."""
    _set(ChatHook(), values)


def _set(hook: ChatHook, values: dict[str, Any]) -> None:
    errors = []
    if "name" in values:
        hook.name = tidy_line(values["name"])
        if not hook.name:
            errors.append(FieldError("name", "required", _("Please give it a name.")))
        elif len(hook.name) > 100:
            errors.append(FieldError("name", "too_long", _("The name is longer than 100 characters.")))
    if "address" in values:
        errors += _set_address(hook, values["address"].strip())
    if "events" in values:
        wanted = list(values["events"])
        if not wanted or set(wanted) - set(EVENTS):
            errors.append(FieldError("events", "unknown_event", _("Choose at least one of the events.")))
        for name, column in EVENTS.items():
            setattr(hook, column, name in wanted)
    if errors:
        raise Invalid(errors)


def _set_address(hook: ChatHook, address: str) -> list[FieldError]:
    if not address or len(address) > LONGEST:
        return [FieldError("address", "invalid_address", _("Please give the address that your chat shows."))]
    try:
        safe_http.check(address, own=on_loopback())
    except safe_http.FetchRefused:
        return [FieldError("address", "invalid_address", _("Please give an address that begins with https://."))]
    hook.sealed_address, hook.host = field_keys.encrypt(address), (urlsplit(address).hostname or "")[:253]
    return []


# --- What they are to be told -------------------------------------------------------------------------------------


def tell_waiting(comments: Sequence[Comment], most: int, now: dt.datetime) -> int:
    """Note for each room which of these comments it is to be told of. In a transaction. Returns how many messages."""
    hooks = _told_of(Q(on_waiting=True) | Q(on_digest=True))
    rows = [
        ChatMessage(hook=hook, event=ChatMessage.Event.WAITING, comment=comment, is_gathered=not at_once)
        for hook in hooks
        for comment in comments
        if _is_in(hook, comment)
        for at_once in [pace.take(hook, when_of(hook), now, most=most, at=comment.created_at)]
    ]
    return _note(hooks, rows)


def tell_report(report: Report, comment: Comment) -> int:
    """Note that a reader has reported a comment. In the transaction of the report. Returns how many messages."""
    if not _rooms_for_reports():  # As on most sites: asked without the ORM's compiler, and without locking any.
        return 0
    now, most = timezone.now(), limit_of()
    hooks = [hook for hook in _told_of(Q(on_reports=True)) if _is_in(hook, comment)]
    rows = [
        ChatMessage(
            hook=hook,
            event=ChatMessage.Event.REPORT,
            comment=comment,
            report=report,
            is_gathered=not pace.take(hook, When.AT_ONCE, now, most=most, at=now),
        )
        for hook in hooks
    ]
    return _note(hooks, rows)


def tell_alarm(oldest: Sequence[Comment], now: dt.datetime) -> int:
    """Note that the oldest comments of some articles have waited too long: once to each room, as to moderators."""
    rows, hooks = [], []
    for hook in _told_of(Q(on_alarm=True)):
        again = hook.alarmed_at is None or now - hook.alarmed_at >= pace.DAY or is_ahead(hook.alarmed_at, now)
        first = next((comment for comment in oldest if _is_in(hook, comment)), None)
        if again and first:
            hook.alarmed_at = now
            hooks.append(hook)
            rows.append(ChatMessage(hook=hook, event=ChatMessage.Event.ALARM, comment=first))
    return _note(hooks, rows)


def forget_alarms() -> None:
    """Let those rooms be reminded again for whose sections nothing has waited meanwhile."""
    for hook in ChatHook.objects.exclude(alarmed_at=None).prefetch_related("sections"):
        waiting = Comment.objects.waiting()
        if sections := [section.pk for section in hook.sections.all()]:
            waiting = waiting.filter(article__section__in=sections)
        if not waiting.exists():
            ChatHook.objects.filter(pk=hook.pk).update(alarmed_at=None)


def test(hook_id: int) -> None:
    """Have a test message sent to a room, whatever it is told of else."""
    hook = ChatHook.objects.get(pk=hook_id)
    ChatHook.objects.filter(pk=hook_id).update(due_at=None)
    _note([], [ChatMessage(hook=hook, event=ChatMessage.Event.TEST)])


@Compiled
def _rooms_for_reports() -> QuerySet[ChatHook, tuple[int]]:
    return ChatHook.objects.filter(on_reports=True, is_active=True).order_by("pk").values_list("pk")[:1]


def _told_of(which: Q) -> list[ChatHook]:
    rows = ChatHook.objects.select_for_update().filter(which, is_active=True).order_by("pk")
    return list(rows.prefetch_related("sections"))


def _is_in(hook: ChatHook, comment: Comment) -> bool:
    chosen = {section.pk for section in hook.sections.all()}
    return not chosen or comment.article.section_id in chosen


def _note(hooks: Sequence[ChatHook], rows: Sequence[ChatMessage]) -> int:
    if hooks:
        columns = ["hour_began_at", "hour_count", "gathered_from", "gathered_until", "alarmed_at"]
        ChatHook.objects.bulk_update(hooks, columns)
    if rows:
        ChatMessage.objects.bulk_create(rows)
        deliver.enqueue()
    return len(rows)
