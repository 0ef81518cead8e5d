"""Background tasks: the one place that names the library, so that Django's own can take over by one line."""

from django_tasks import task

__all__ = ["HEARTBEAT", "task"]

HEARTBEAT = "worker-heartbeat"  # in the cache, while a worker is alive
