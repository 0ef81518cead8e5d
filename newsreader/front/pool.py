"""The threads that Django runs in, and which of them may write.

Requests that may write use at most half of the threads, so that reading goes on while the database lets nobody write.
The others of them wait their turn outside of the threads. Whoever has waited too long is answered without writing.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread

logger = logging.getLogger(__name__)
MOST_WAIT = 4.5  # seconds that a request waits for its turn to write; with its answer, five in all
# The same where no other has got through for STUCK seconds. Then the next would wait for the database as well, as long
# as `settings.WAIT` allows, and five seconds are for both.
STUCK_WAIT = 1.75
STUCK = 1.0
SWEEP = 0.25  # seconds between two looks at those that wait


@dataclass(slots=True, eq=False)
class Job:
    """One request. `run` answers it and returns the status; it is told whether the request has waited too long."""

    run: Callable[[bool], int]
    writes: bool
    arrived: float = field(default_factory=time.monotonic)
    busy: bool = False  # It has waited too long, and takes no writer's place.


class Pool:
    """A fixed number of threads. Each keeps its connection to the database."""

    def __init__(self, count: int) -> None:
        self.most = max(1, count // 2)  # that may write at once
        self.since = [0.0] * count  # when each thread began what it does; 0.0 while it waits for work
        self._ready: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = Lock()  # of the next two
        self._writing = 0
        self._waiting: deque[Job] = deque()
        self._moved = 0.0  # when the last one got through that wrote
        self._threads = [
            Thread(target=self._work, args=(number,), name=f"web-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> bool:
        """Take up a request. Returns whether it has to wait for its turn to write: then `sweep` has to be called."""
        if job.writes:
            with self._lock:
                if self._writing >= self.most:
                    self._waiting.append(job)
                    return True
                self._writing += 1
        self._ready.put(job)
        return False

    def sweep(self) -> bool:
        """Let those be answered that have waited too long. Returns whether others still wait."""
        with self._lock:
            while self._waiting and self._too_late(self._waiting[0]):
                job = self._waiting.popleft()
                job.busy = True
                self._ready.put(job)
            return bool(self._waiting)

    def _too_late(self, job: Job) -> bool:
        now = time.monotonic()
        return now - job.arrived > (STUCK_WAIT if now - self._moved > STUCK else MOST_WAIT)

    def answers(self, seconds: float) -> bool:
        """Say whether any thread is free, or has been until so many seconds ago."""
        now = time.monotonic()
        return any(now - since < seconds if since else True for since in self.since)

    def stop(self, seconds: float) -> None:
        """Let the threads finish everything that has arrived, and end."""
        with self._lock:
            self._writing += len(self._waiting)
            while self._waiting:
                self._ready.put(self._waiting.popleft())
        for _ in self._threads:
            self._ready.put(None)
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self, number: int) -> None:
        while (job := self._ready.get()) is not None:
            self.since[number] = time.monotonic()
            try:
                status = job.run(job.busy or (job.writes and self._too_late(job)))
            except Exception:  # What it asked for is answered with 500 by the server; the thread goes on.
                logger.exception("A request was not answered")
                status = 500
            if job.writes and not job.busy:
                if status != 503:
                    self._moved = time.monotonic()
                self._let_next_write()
            del job  # With it, a large body.
            self.since[number] = 0.0

    def _let_next_write(self) -> None:
        with self._lock:
            if self._waiting:
                self._ready.put(self._waiting.popleft())
            else:
                self._writing -= 1
