"""One request and its answer, which is given once: by Django, or from the page cache where Django cannot."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import IO

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from granian.rsgi import Scope

from newsreader.front import answers, lane, stale
from newsreader.front.access import Answering
from newsreader.front.environ import environ, own_host
from newsreader.front.page_cache import PageCache
from newsreader.front.pages import Address
from newsreader.kit.database_waits import hang_up
from newsreader.kit.tracing import SEEN
from newsreader.wsgi import application as django

PROBES = frozenset({"/readyz", "/metrics"})  # Whoever watches a host asks for it by its own address.
READS = frozenset({"GET", "HEAD"})


class Exchange:
    """Made on the loop, which waits for `done`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        scope: Scope,
        answering: Answering,
        cache: PageCache,
        *,
        body: IO[bytes] | None = None,
        unread: str = "",
    ) -> None:
        self.loop, self.scope, self.answering, self.cache = loop, scope, answering, cache
        self.body = io.BytesIO() if body is None else body
        self.unread = unread
        self.method = scope.method
        self.address = Address.of(scope) if self.method in READS else None
        self.done: asyncio.Future[None] = loop.create_future()
        self._turn = Lock()
        self._databases: Sequence[BaseDatabaseWrapper] = ()  # of the thread that it runs in

    def run(self, busy: bool, waited: float) -> int:
        """Have Django answer, in a thread, and return the status. `busy`: it has waited too long for the database."""
        try:
            return self._ask(busy, waited)
        finally:
            self.body.close()
            self._finish()

    def _ask(self, busy: bool, waited: float) -> int:
        self._databases = connections.all()
        made = environ(self.scope, self.body)
        made[SEEN] = self.answering.seen
        made["newsreader.waited"] = waited
        if self.scope.path in PROBES:
            made["HTTP_HOST"] = own_host()
        if busy:
            made["newsreader.busy"] = True
        if self.unread:
            made["newsreader.unread"] = self.unread
        with answers.ask(django, made) as answer:
            if self.address and answer.status in stale.FAILED and self.run_stale():
                return answer.status
            if self.method == "GET" and self.address and isinstance(answer.body, bytes):
                names, view = frozenset(self.scope.headers.keys()), self.answering.seen.view
                self.cache.learn(self.address, answer, names, lane.coding_of(self.scope), view)
            self._send(answer)
            return answer.status

    def run_stale(self) -> bool:
        """Answer from the page cache, in any thread. Returns whether the request has an answer now."""
        if self.answered:
            return True
        entry = self.cache.find(self.address) if self.address else None
        answer = stale.answer_from(entry, self.scope) if entry else None
        if answer is None:
            return False
        self._send(answer)
        self._finish()
        return True

    def hang_up(self) -> None:
        """Have it end that waits in another thread for a database that hangs."""
        for database in self._databases:
            hang_up(database)

    @property
    def answered(self) -> bool:
        return self._turn.locked()

    def _send(self, answer: answers.Answer) -> None:
        if self._turn.acquire(blocking=False):  # Never released: the first answer counts.
            answers.send(self.answering, answer, body=self.method != "HEAD")

    def _finish(self) -> None:
        with suppress(RuntimeError):  # The loop has ended: so has the server, and nobody waits.
            self.loop.call_soon_threadsafe(_set, self.done)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
