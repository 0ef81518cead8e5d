"""Background tasks. The only module that imports the library, so that Django's own can replace it here."""

from django_tasks import task

__all__ = ["HEARTBEAT", "task"]

HEARTBEAT = "worker-heartbeat"  # in the cache: when a worker last gave a sign of life, in seconds since 1970
