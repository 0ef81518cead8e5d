"""What the database knows about the site's work, asked when `/metrics` is: few statements, within a time limit.

The answer is kept for some seconds. While the database is away the gauges are absent, but for
`newsreader_database_up`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Count, Max, Min
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from comments.audit import log_checks
from comments.models import AuditEntry, Comment
from newsreader.kit.tasks import HEARTBEAT
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from newsreader.operations.backups import MADE

LIMIT = 2.0  # seconds for each statement, on SQLite for all of them
FRESH = 5.0  # seconds for which the answer is kept

# Without the beginning that all have, `newsreader_`.
GAUGES = {
    "tasks_waiting": "Background tasks that are due",
    "tasks_oldest_seconds": "For how long the oldest of them has been in the queue",
    "outbox_waiting": "Mails in the outbox that will be sent or tried again",
    "outbox_oldest_seconds": "Age of the oldest of them",
    "outbox_given_up": "Mails that were given up, and wait for somebody who sends them again",
    "comments_waiting": "Comments that wait for a moderator",
    "comments_oldest_seconds": "For how long the oldest of them has waited",
    "log_sealed_number": "Number up to which the audit log is sealed",
    "log_unsealed_oldest_seconds": "Age of the oldest entry that is not sealed yet",
    "worker_heartbeat_timestamp_seconds": "When a worker last gave a sign of life; absent after a day",
    "log_verified_timestamp_seconds": "When the audit log was last verified",
    "log_faults": "What was wrong with the audit log then",
    "backup_timestamp_seconds": "When a copy of the site was last made",
}


class SiteGauges(Collector):
    def __init__(self) -> None:
        self._lock, self._at = Lock(), float("-inf")
        self._values: dict[str, float] | None = None

    def collect(self) -> Iterator[Metric]:
        with self._lock:  # Several scrapers at once: one asks.
            if time.monotonic() - self._at >= FRESH:
                self._values = _asked()
                self._at = time.monotonic()
            found = self._values
        up = "Whether the database answered within its time limit"
        yield GaugeMetricFamily("newsreader_database_up", up, value=float(found is not None))
        for name, value in (found or {}).items():
            yield GaugeMetricFamily(f"newsreader_{name}", GAUGES[name], value=value)

    def forget(self) -> None:
        self._at = float("-inf")


def _asked() -> dict[str, float] | None:
    try:
        with _limited():
            return {name: float(value) for name, value in _values().items() if value is not None}
    except (DatabaseError, InterfaceError):
        return None


@contextmanager
def _limited() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(LIMIT * 1000))])
            yield
        return
    # Not in a transaction: it would wait for whoever writes.
    connection.ensure_connection()
    sqlite, until = connection.connection, time.monotonic() + LIMIT
    sqlite.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    try:
        yield
    finally:
        sqlite.set_progress_handler(None, 0)


def _values() -> dict[str, float | None]:
    now = timezone.now()

    def age(moment: Any) -> float:
        return max(0.0, (now - moment).total_seconds()) if moment else 0.0

    tasks = DBTaskResult.objects.ready().aggregate(waiting=Count("pk"), oldest=Min("enqueued_at"))
    mails = Letter.objects.filter(sent_at=None, given_up_at=None).aggregate(
        waiting=Count("pk"), oldest=Min("created_at")
    )
    waiting = Comment.objects.filter(status=Comment.Status.PENDING).aggregate(
        count=Count("pk"), oldest=Min("created_at")
    )
    unsealed = AuditEntry.objects.filter(number=None).order_by("pk").values_list("created_at", flat=True).first()
    kept, verified = cache.get_many([HEARTBEAT, MADE]), log_checks.state()
    return {
        "tasks_waiting": tasks["waiting"],
        "tasks_oldest_seconds": age(tasks["oldest"]),
        "outbox_waiting": mails["waiting"],
        "outbox_oldest_seconds": age(mails["oldest"]),
        "outbox_given_up": outbox.given_up().count(),
        "comments_waiting": waiting["count"],
        "comments_oldest_seconds": age(waiting["oldest"]),
        "log_sealed_number": AuditEntry.objects.aggregate(number=Max("number"))["number"] or 0,
        "log_unsealed_oldest_seconds": age(unsealed),
        "worker_heartbeat_timestamp_seconds": kept.get(HEARTBEAT),
        "log_verified_timestamp_seconds": verified.at.timestamp() if verified.at else None,
        "log_faults": len(verified.faults),
        "backup_timestamp_seconds": kept.get(MADE),
    }
