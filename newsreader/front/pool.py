"""The threads that Django runs in, which of them may write, and what becomes of a request that waits too long.

Requests that may write come one after the other, and another beside one that is slow. They use at most half of the
threads, so that reading goes on while the database lets nobody write. The others of them wait their turn outside of the
threads. Whoever has waited too long is answered in a thread of its own, which never asks the database; whoever reads is
answered with the stored page, if there is one.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread

from django.conf import settings

from newsreader.request_limits import ANSWER_SECONDS, OWN_SECONDS

logger = logging.getLogger(__name__)
MOST_WAIT = ANSWER_SECONDS - OWN_SECONDS  # seconds that a request waits for its turn
STUCK = 1.0
# The same for writing where no other has got through for STUCK seconds. Then the next would wait for the database as
# well, as long as it may, and the seconds are for both.
STUCK_WAIT = max(STUCK, ANSWER_SECONDS - OWN_SECONDS / 2 - settings.WAIT)
# Where there is a stored page, a reader waits for Django so long; shorter if all threads are stuck, or nobody was
# answered since somebody else had to be given a stored page. A queue that moves is waited for: its answers are newer.
READER_WAIT = 0.8
READER_STUCK = 0.6
# The database hangs if all threads have been stuck for so long, more than it lets a statement take. Nothing would free
# them, and `serve` would replace the process, with all stored pages.
HUNG = 15.0
SWEEP = 0.2  # seconds between two looks at those that wait
# So many write at once: more would share Python's lock with each other and with whoever reads. With sixteen requests at
# once, of which one in twenty is a post, each costs a fifth less so, on either database.
WRITERS = 1
# Who writes for longer waits for something else than Python: a lock, a bucket, a database far away. Another may begin.
SLOW = 0.1


@dataclass(slots=True, eq=False)
class Job:
    """One request."""

    # Answers it and returns the status. Told whether it has waited too long, and how many seconds it has waited.
    run: Callable[[bool, float], int]
    writes: bool
    # Answers with the stored page instead, if there is one; says whether it is answered.
    run_stale: Callable[[], bool] = lambda: False
    # Has it fail soon that waits for the database, in a thread.
    hang_up: Callable[[], None] = lambda: None
    arrived: float = field(default_factory=time.monotonic)
    begun: float = 0.0  # when a thread took it; 0.0: none has


class Turns:
    """What threads take jobs from: of those that wait, the one that has waited least is given the next.

    What it has at hand, such as its connection's pages of the database, is then of a moment ago, and it alone is woken.
    A `SimpleQueue` lets all take turns, and wakes the next one as well with every job, which then finds nothing: that
    cost an eighth of a post on SQLite, and a twentieth of what is read.
    """

    def __init__(self, threads: int) -> None:
        self._lock = Lock()
        self._jobs: deque[Job | None] = deque()  # that nobody is free for
        self._free: list[int] = []  # threads that wait, the last one since just now
        self._given: list[Job | None] = [None] * threads
        self._woken = [Lock() for _ in range(threads)]
        for woken in self._woken:
            woken.acquire()

    @property
    def free(self) -> int:
        """Return how many threads wait for a job."""
        return len(self._free)

    def put(self, job: Job | None) -> None:
        with self._lock:
            if not self._free:
                self._jobs.append(job)
                return
            thread = self._free.pop()
        self._given[thread] = job
        self._woken[thread].release()

    def get(self, thread: int) -> Job | None:
        """Return the next job for this thread, and wait for it as long as it takes."""
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            self._free.append(thread)
        self._woken[thread].acquire()
        job, self._given[thread] = self._given[thread], None
        return job


class Pool:
    """A fixed number of threads. Each keeps its connection to the database."""

    def __init__(self, count: int, writers: int = WRITERS) -> None:
        self.most = max(1, count // 2)  # that may write at once
        self.usual = min(writers, self.most)  # that do so, besides those that are slow
        self.since = [0.0] * count  # when each thread began what it does; 0.0 while it waits for work
        self._ready = Turns(count)
        self._late: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = Lock()  # of the next three, and of who begins a job
        self._open: dict[Job, None] = {}  # that `sweep` looks at, in the order in which they arrived
        self._writing = 0
        self._waiting: deque[Job] = deque()
        self._running: dict[int, Job] = {}  # by thread
        self._moved = 0.0  # when the last one got through that wrote
        self._answered = 0.0  # when the last one got through that read
        self._stale = 0.0  # when somebody last had to be given a stored page
        self._threads = [
            Thread(target=self._work, args=(number,), name=f"web-{number}", daemon=True) for number in range(count)
        ]
        self._late_thread = Thread(target=self._refuse, name="web-late", daemon=True)
        for thread in (*self._threads, self._late_thread):
            thread.start()

    def submit(self, job: Job) -> None:
        """Take up a request. `sweep` has to be called from time to time until `sweep` returns False."""
        with self._lock:
            self._open[job] = None
            if job.writes:
                self._waiting.append(job)
                self._let_write()
                return
        self._ready.put(job)

    def sweep(self) -> bool:
        """Have those answered that have waited too long. Returns whether any request is open."""
        with self._lock:
            self._let_write()
            waiting = list(self._open)
        if not self.answers(HUNG):
            for job in list(self._running.values()):
                job.hang_up()
        for job in waiting:
            if self._waited(job) < READER_STUCK:
                break
            if self._is_stuck(job) and job.run_stale():
                self._stale = time.monotonic()
                self._begins(job)  # So that no thread does.
                self._close(job)
            elif not job.begun and self._too_late(job):
                self._close(job)
                self._late.put(job)
        return bool(self._open)

    def _close(self, job: Job) -> None:
        with self._lock:
            self._open.pop(job, None)
            if job.writes and not job.begun and job in self._waiting:
                self._waiting.remove(job)

    def _waited(self, job: Job) -> float:
        return time.monotonic() - job.arrived

    def _too_late(self, job: Job) -> bool:
        if not job.writes:
            return self._waited(job) > MOST_WAIT and not self.answers(STUCK)
        return self._waited(job) > (STUCK_WAIT if time.monotonic() - self._moved > STUCK else MOST_WAIT)

    def _is_stuck(self, job: Job) -> bool:
        if job.writes:
            return False
        if self._stale > self._answered or not self.answers(READER_STUCK):
            return self._waited(job) > READER_STUCK
        return bool(job.begun) and time.monotonic() - job.begun > READER_WAIT

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
        self._late.put(None)
        self._late_thread.join(max(0.0, until - time.monotonic()))

    def _work(self, number: int) -> None:
        while (job := self._ready.get(number)) is not None:
            if self._begins(job):
                self.since[number], self._running[number] = job.begun, job
                status = self._run(job, busy=job.writes and self._too_late(job))
                del self._running[number]
                self.since[number] = 0.0
                self._note(job, status)
                self._close(job)
            if job.writes:
                self._let_next_write()
            del job  # With it, a large body.

    def _note(self, job: Job, status: int) -> None:
        """Remember that somebody got through."""
        if job.writes and status != 503:
            self._moved = time.monotonic()
        elif not job.writes and status < 500:
            self._answered = time.monotonic()

    def _refuse(self) -> None:
        while (job := self._late.get()) is not None:
            if self._begins(job):
                self._run(job, busy=True)
            del job

    def _begins(self, job: Job) -> bool:
        """Say whether this is the thread to answer it; false where it has its answer."""
        with self._lock:
            if job.begun:
                return False
            job.begun = time.monotonic()
            return True

    def _run(self, job: Job, *, busy: bool) -> int:
        try:
            return job.run(busy, self._waited(job))
        except BaseException:  # The server's own code panics, too. It answers with 500; the thread goes on.
            logger.exception("A request was not answered")
            return 500

    def _let_next_write(self) -> None:
        with self._lock:
            self._writing -= 1
            self._let_write()

    def _let_write(self) -> None:
        """Have those that wait to write begin, as many as may; called with the lock."""
        while self._waiting and self._writing < self.most and self._writing - self._slow() < self.usual:
            self._writing += 1
            self._ready.put(self._waiting.popleft())

    def _slow(self) -> int:
        now = time.monotonic()
        return sum(job.writes and now - job.begun > SLOW for job in list(self._running.values()))
