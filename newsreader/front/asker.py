"""Asks the database for versions, for all requests that have arrived meanwhile at once.

A request is answered by a statement that began after it had arrived, so no answer is older than its question. However
many arrive while one statement runs, the next is for all of them: the rate does not depend on how long one takes. Where
the database says that nothing in it has changed since, what was read before is as good (SQLite).

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
MOST_KNOWN = 10_000  # versions that are kept while nothing changes
log = OnceAMinute(logging.getLogger(__name__))
Answered = asyncio.Future[Versions | None]
Batch = list[tuple[Collection[Hashable], Answered]]


class Asker:
    """Used on the loop, which waits for nothing: a disk or a server may stall, and the loop must not.

    What may wait is done in a thread of its own: to connect, and to read from a disk. Handing over takes 0.03 ms, and
    with nobody to share it 0.1. So a server is asked by the loop itself, which hears its socket like any other.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, connect: Callable[[], Line] = Line) -> None:
        self._loop, self._connect = loop, connect
        self._line: Line | None = None
        self._hears: Line | None = None  # the line, while the loop asks by it; else it is the thread's
        self._broken = False  # The thread has to close the line.
        self._waiting: Batch = []
        self._running: Batch | None = None
        self._begins = False  # soon: when all that has arrived by now has been looked at
        self._limit: asyncio.TimerHandle | None = None
        self._stuck = False  # The statement that runs has taken too long. Nobody waits for it.
        self._failures, self._not_before = 0, 0.0
        self._known: Versions = {}
        self._state: int | None = None  # the state of the database (`Line.state`) of which they are; None: nothing is
        self._before: int | None = None  # the same before the statement that runs
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="web-versions", daemon=True)
        self._thread.start()

    def known(self, wanted: Collection[Hashable]) -> Versions | None:
        """Return the versions as `ask` does, but now; None where that takes a statement."""
        if self._state is None or self._state != self._state_now():
            return None
        known = self._known
        for of in wanted:
            if of not in known:
                return None
        return known

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
        self._hear(None)
        self._batches.put(None)
        if self._running is not None and self._line:
            self._line.hang_up()
        self._thread.join(seconds)

    def _begin(self) -> None:
        self._begins = False
        self._running, self._waiting = self._waiting, []
        self._limit = self._loop.call_later(LIMIT, self._give_up)
        self._before = self._state_now()
        if self._hears is None or not self._send(self._hears, self._running):
            self._hear(None)
            self._batches.put(self._running)

    def _state_now(self) -> int | None:
        line = self._line
        try:
            return line.state() if line else None
        except Exception:  # Whatever it is, the statement meets it as well, in the thread.
            return None

    def _told(self, batch: Batch, versions: Versions | None) -> None:
        if self._limit:
            self._limit.cancel()
        self._running, self._stuck = None, False
        if versions is None:  # Whoever waits would only find out the same, later.
            batch, self._waiting = [*batch, *self._waiting], []
            self._state = None
        else:
            self._hear(self._line)
            if self._before is not None:
                self._know(batch, versions)
        _answer(batch, versions)
        if self._waiting:
            self._begin()

    def _know(self, batch: Batch, versions: Versions) -> None:
        """Keep what was read: it is of the state before, or of a later one, and then of none that will be asked for."""
        if self._before != self._state or len(self._known) > MOST_KNOWN:
            self._known = {}
        self._state = self._before
        self._known.update({of: None for wanted, _ in batch for of in wanted} | versions)

    def _give_up(self) -> None:
        self._stuck = True
        waiting, self._waiting = self._waiting, []
        _answer([*(self._running or []), *waiting], None)
        if self._line:
            self._line.hang_up()

    # On the loop, while it asks by itself ---------------------------------------------------------------------------

    def _hear(self, line: Line | None) -> None:
        """Have the loop ask by this line from now on, if that can be; None: the thread."""
        if line is self._hears:
            return
        if self._hears and self._hears.socket is not None:
            self._loop.remove_reader(self._hears.socket)
        self._hears = None
        if line and line.socket is not None:
            self._hears = line
            self._loop.add_reader(line.socket, self._heard, line)

    def _send(self, line: Line, batch: Batch) -> bool:
        """Ask. Returns whether the answer will be heard, or nothing can be."""
        try:
            return line.send(_wanted(batch))
        except Exception as fault:
            self._fail_here(fault)
            return True

    def _heard(self, line: Line) -> None:
        try:
            versions = line.receive()
        except Exception as fault:  # Also that the server has hung up, while nobody asked.
            self._fail_here(fault)
            return
        if versions is not None and self._running is not None:
            self._failures = 0
            self._told(self._running, versions)

    def _fail_here(self, fault: Exception) -> None:
        self._broken = True
        self._hear(None)
        self._fail(fault)
        if self._running is not None:
            self._told(self._running, None)

    # In the thread ----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (batch := self._batches.get()) is not None:
            versions = self._read(batch)
            with suppress(RuntimeError):  # The loop has ended: so has the server, and nobody waits.
                self._loop.call_soon_threadsafe(self._told, batch, versions)
        self._close()

    def _read(self, batch: Batch) -> Versions | None:
        try:
            if self._broken:
                self._close()
            if self._line is None:
                self._line = self._connect()
            versions = self._line.read(_wanted(batch))
        except Exception as fault:  # Whatever the driver or the disk has.
            self._close()
            self._fail(fault)
            return None
        self._failures = 0
        return versions

    def _fail(self, fault: Exception) -> None:
        log.warning("The versions of pages could not be read", fault)
        self._not_before = time.monotonic() + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1

    def _close(self) -> None:
        line, self._line, self._broken = self._line, None, False
        if line:
            with suppress(Exception):
                line.close()


def _wanted(batch: Batch) -> Collection[Hashable]:
    return batch[0][0] if len(batch) == 1 else {of for wanted, _ in batch for of in wanted}


def _answer(batch: Batch, versions: Versions | None) -> None:
    for _, answered in batch:
        if not answered.done():
            answered.set_result(versions)
