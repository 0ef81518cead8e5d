"""Background tasks. With `kit.task_queue`, all that knows the library, so that Django's own can replace it here."""

from django_tasks import task

__all__ = ["HEARTBEAT", "LONG", "task"]

HEARTBEAT = "worker-heartbeat"  # in the cache: when a worker last gave a sign of life, in seconds since 1970
LONG = "long"  # the queue of tasks that may take minutes: a worker runs one of them beside all others
