"""Which replica is up to date: each is asked several times a second, as long as there are readers.

The primary says how far its log goes, and some moments later the replica whether it has come so far. Then it has
everything that was committed before the first question, whatever the clocks say. A replica of which this is not known
for the last moments is not used, and one that does not answer is left alone for some seconds.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from threading import Event, Lock, Thread

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

from newsreader.kit.logs import OnceAMinute

log = OnceAMinute(logging.getLogger(__name__))
EVERY = 0.2  # seconds between two looks
# Seconds that a page may lag behind. A comment is to be on a page that is reloaded one second after its approval.
OLDEST = 0.75
PAUSE = 5.0  # seconds without a replica that has failed
IDLE = 5.0  # seconds without readers after which nobody looks
NEVER = float("-inf")


class NotAReplica(Exception):
    """The server is no replica (any more): it has been promoted, or the address is wrong."""


class Replica:
    """What is known of one replica."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.current_at = NEVER  # It has everything that was committed before.
        self.out_until = NEVER
        self._follows = False  # It was up to date when the primary was last heard of.
        self._asked_for_at = NEVER
        self._wanted = Event()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._ahead: deque[tuple[float, int]] = deque(maxlen=8)  # positions that the replica has not reached yet

    def is_usable(self) -> bool:
        """Say whether it is up to date. From the first time on it is watched."""
        now = time.monotonic()
        self._asked_for_at = now
        if self._thread is None:
            self._start()
        self._wanted.set()
        return now - self.current_at <= OLDEST and now >= self.out_until

    def leave_out(self) -> None:
        self.out_until, self.current_at, self._follows = time.monotonic() + PAUSE, NEVER, False
        self._ahead.clear()

    def look(self) -> None:
        """Find out how far it is."""
        at = time.monotonic()
        if at < self.out_until:
            return
        if position := self._of_primary():
            self._ahead.append((at, position))
        try:
            reached = self._reached()
        except (DatabaseError, InterfaceError, NotAReplica) as fault:
            log.warning(f"{self.alias} is not used for {PAUSE:.0f} seconds", fault)
            self.leave_out()
            return
        while self._ahead and self._ahead[0][1] <= reached:
            self.current_at = self._ahead.popleft()[0]
        if position:
            self._follows = at - self.current_at <= OLDEST
        elif self._follows:  # The primary is away: nobody writes, and what was up to date stays so.
            self.current_at = time.monotonic()

    def _of_primary(self) -> int:
        connection = connections[DEFAULT_DB_ALIAS]
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_wal_lsn()::text")
                return _number(cursor.fetchone()[0])
        except (DatabaseError, InterfaceError):
            connection.close()
            return 0

    def _reached(self) -> int:
        connection = connections[self.alias]
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()::text")
                is_replica, position = cursor.fetchone()
        finally:
            connection.close()
        if not is_replica:
            raise NotAReplica("the server is no replica")
        return _number(position)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._watch, name=f"watch-{self.alias}", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            if time.monotonic() - self._asked_for_at > IDLE:
                connections.close_all()
                self._wanted.clear()
                self._wanted.wait()
            try:
                self.look()
            except Exception as fault:  # Whatever it is, pages come from the primary, and the next look may go well.
                log.warning(f"{self.alias} could not be watched", fault)
            time.sleep(EVERY)


def _number(position: str) -> int:
    """Return a position in the log, such as `16/B374D848`, as a number."""
    high, low = position.split("/")
    return (int(high, 16) << 32) + int(low, 16)


_replicas = {alias: Replica(alias) for alias in settings.REPLICAS}


def choose() -> str | None:
    """Return a replica that is up to date; None: read from the primary."""
    usable = [alias for alias, replica in _replicas.items() if replica.is_usable()]
    return random.choice(usable) if usable else None  # noqa: S311


def leave_out(alias: str) -> None:
    """Do not use a replica for some seconds: it has failed."""
    _replicas[alias].leave_out()
