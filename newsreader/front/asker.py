"""Asks the database for versions, for all requests that have arrived meanwhile at once.

A request is answered by a statement that began after it had arrived, so no answer is older than its question. However
many arrive while one statement runs, the next is for all of them: the rate does not depend on how long one takes.

Who gets no answer in time goes the ordinary way, by a thread and Django, which know what to do without a database.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Hashable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

from newsreader.front.versions_now import Line, Versions
from newsreader.kit.logs import OnceAMinute

LIMIT = 0.5  # seconds for one statement
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds until it connects again after the first, second, … failure in a row
log = OnceAMinute(logging.getLogger(__name__))
Answered = asyncio.Future[Versions | None]
Batch = list[tuple[Collection[Hashable], Answered]]


class Asker:
    """Used on the loop. The statements run in a thread of its own: a disk or a server may stall, and the loop must not.

    Handing over costs 0.03 ms for a whole batch.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, connect: Callable[[], Line] = Line) -> None:
        self._loop, self._connect = loop, connect
        self._line: Line | None = None
        self._waiting: Batch = []
        self._running: Batch | None = None
        self._begins = False  # soon: when all that has arrived by now has been looked at
        self._limit: asyncio.TimerHandle | None = None
        self._stuck = False  # The statement that runs has taken too long. Nobody waits for it.
        self._failures, self._not_before = 0, 0.0
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="web-versions", daemon=True)
        self._thread.start()

    def ask(self, wanted: Collection[Hashable]) -> Answered | None:
        """Return what will be the versions of the site and of what is wanted; None where nobody can be asked.

        What comes is None, too, where the database fails or takes too long.
        """
        if self._stuck or (self._failures and time.monotonic() < self._not_before):
            return None
        answered: Answered = self._loop.create_future()
        self._waiting.append((wanted, answered))
        if self._running is None and not self._begins:
            self._begins = True
            self._loop.call_soon(self._begin)
        return answered

    def stop(self, seconds: float) -> None:
        """Close the connection, and wait for that so long."""
        self._batches.put(None)
        if self._running is not None and self._line:
            self._line.hang_up()
        self._thread.join(seconds)

    def _begin(self) -> None:
        self._begins = False
        self._running, self._waiting = self._waiting, []
        self._limit = self._loop.call_later(LIMIT, self._give_up)
        self._batches.put(self._running)

    def _told(self, batch: Batch, versions: Versions | None) -> None:
        if self._limit:
            self._limit.cancel()
        self._running, self._stuck = None, False
        if versions is None:  # Whoever waits would only find out the same, later.
            batch, self._waiting = [*batch, *self._waiting], []
        _answer(batch, versions)
        if self._waiting:
            self._begin()

    def _give_up(self) -> None:
        self._stuck = True
        waiting, self._waiting = self._waiting, []
        _answer([*(self._running or []), *waiting], None)
        if self._line:
            self._line.hang_up()

    def _work(self) -> None:
        while (batch := self._batches.get()) is not None:
            versions = self._read(batch)
            with suppress(RuntimeError):  # The loop has ended: so has the server, and nobody waits.
                self._loop.call_soon_threadsafe(self._told, batch, versions)
        self._close()

    def _read(self, batch: Batch) -> Versions | None:
        try:
            if self._line is None:
                self._line = self._connect()
            versions = self._line.read(batch[0][0] if len(batch) == 1 else {of for wanted, _ in batch for of in wanted})
        except Exception as fault:  # Whatever the driver or the disk has.
            log.warning("The versions of pages could not be read", fault)
            self._close()
            self._not_before = time.monotonic() + PAUSES[min(self._failures, len(PAUSES) - 1)]
            self._failures += 1
            return None
        self._failures = 0
        return versions

    def _close(self) -> None:
        line, self._line = self._line, None
        if line:
            with suppress(Exception):
                line.close()


def _answer(batch: Batch, versions: Versions | None) -> None:
    for _, answered in batch:
        if not answered.done():
            answered.set_result(versions)
