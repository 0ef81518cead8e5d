"""Background tasks. The only module that imports the library, so that Django's own can replace it here."""

from django_tasks import task

__all__ = ["HEARTBEAT", "task"]

HEARTBEAT = "worker-heartbeat"  # in the cache, while a worker is alive
