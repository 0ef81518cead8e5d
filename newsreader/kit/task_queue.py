"""The library's queue of tasks in the database: a row is written by a statement that is made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django_tasks_db.backend import DatabaseBackend
from django_tasks_db.compat import normalize_json, task_enqueued

from newsreader.kit.compiled_inserts import insert_together


class Queue(DatabaseBackend):
    """A task costs 0.1 ms to put here, not 0.5: every post that sends a mail does it."""

    def enqueue(self, task: Any, args: Any, kwargs: Any, *, with_rows: Sequence[Model] = ()) -> Any:
        """Put a task into the queue, in the transaction of whatever calls for it.

        `with_rows`: new rows that go in before it, in one statement with it where that is possible.
        """
        from django_tasks_db.models import DBTaskResult, get_date_max  # A backend is made before the apps are loaded.

        self.validate_task(task)
        row: Any = DBTaskResult(
            id=self._get_id(),
            args_kwargs=normalize_json({"args": args, "kwargs": kwargs}),
            priority=task.priority,
            task_path=task.module_path,
            queue_name=task.queue_name,
            run_after=task.run_after or get_date_max(),
            backend_name=self.alias,
        )
        insert_together(*with_rows, row)
        result = row.task_result
        task_enqueued.send(type(self), task_result=result)
        return result


def enqueue_with(task: Any, *rows: Model) -> None:
    """Save new rows of any models and put a task into the queue, in one statement where that is possible."""
    backend = task.get_backend()
    if isinstance(backend, Queue):
        backend.enqueue(task, (), {}, with_rows=rows)
    else:
        insert_together(*rows)
        task.enqueue()


def take_others(task: Any) -> int:
    """Delete the tasks of this kind that wait and are due, without arguments. Returns how many there were.

    For a task that does whatever is to be done, once it runs: what those were queued for was committed with them, and
    is found by whoever calls this before looking for work.
    """
    from django_tasks_db.models import DBTaskResult

    return int(DBTaskResult.objects.ready().filter(task_path=task.module_path).delete()[0])
