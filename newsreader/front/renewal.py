"""Pages that are made anew before somebody asks for them: those found to be of older versions, and asked for lately.

A post changes a page in every process, and a reader has it made anew in one. Without this the others would have nothing
to show if the database went away.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from newsreader.front import answers
from newsreader.front.page_cache import UNASKED, Entry, PageCache
from newsreader.front.pages import Address
from newsreader.front.pool import Job
from newsreader.kit.database_waits import hang_up
from newsreader.wsgi import application as django

EVERY = 0.1  # seconds from one page to the next, so that no reader waits behind many
MOST = 1_000  # pages that wait for it


class Renewal:
    """Used on the loop. `submit` has a job done in a thread: one page after another, and none more where that fails."""

    def __init__(self, loop: asyncio.AbstractEventLoop, cache: PageCache, submit: Callable[[Job], None]) -> None:
        self.loop, self.cache, self.submit = loop, cache, submit
        self._goes_on = False
        self._due: OrderedDict[Address, Entry] = OrderedDict()

    def note(self, address: Address, entry: Entry) -> None:
        """Take up a page that has been forgotten."""
        if time.monotonic() - entry.wanted < UNASKED and len(self._due) < MOST:
            self._due[address] = entry
            if not self._goes_on:
                self._next()

    def _next(self) -> None:
        self._goes_on = bool(self._due)
        if self._due:
            making = _Making(self.cache, *self._due.popitem(last=False), then=self._made)
            self.submit(Job(making.run, writes=False, hang_up=making.hang_up))

    def _made(self, made: bool) -> None:
        """Go on; called in a thread. What cannot be made now is made when a reader asks."""
        with suppress(RuntimeError):  # The loop has ended.
            self.loop.call_soon_threadsafe(self._go_on, made)

    def _go_on(self, made: bool) -> None:
        if not made:
            self._due.clear()
        self.loop.call_later(EVERY, self._next)


class _Making:
    """One page, made in a thread."""

    def __init__(self, cache: PageCache, address: Address, entry: Entry, *, then: Callable[[bool], None]) -> None:
        self.cache, self.address, self.entry, self.then = cache, address, entry, then
        self._databases: Sequence[BaseDatabaseWrapper] = ()

    def run(self, busy: bool, waited: float) -> int:
        made, status = False, 503
        try:
            if not busy and self.cache.kept(self.address, by_reader=False):
                made = True  # A reader was sooner. Nobody got through by this.
            elif not busy:
                status = self._ask()
                made = status < 500
        finally:
            self.then(made)
        return status

    def _ask(self) -> int:
        self._databases = connections.all()
        coding = next(iter(self.entry.pages)) or "identity"
        with answers.ask(django, request_of(self.address, coding)) as answer:
            self.cache.learn(self.address, answer, frozenset(), coding, self.entry.view, wanted=self.entry.wanted)
            return answer.status

    def hang_up(self) -> None:
        """Have it end that waits in its thread for a database that hangs."""
        for database in self._databases:
            hang_up(database)


def request_of(address: Address, coding: str = "identity") -> dict[str, Any]:
    """Return a request of our own, as WSGI says it."""
    made = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address.path.encode().decode("latin-1"),
        "QUERY_STRING": address.query.encode().decode("latin-1"),
        "SERVER_NAME": address.host,
        "SERVER_PORT": "443" if settings.SECURE else "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": address.host,
        "HTTP_ACCEPT_ENCODING": coding,
        "wsgi.url_scheme": "https" if settings.SECURE else "http",
        "wsgi.input": io.BytesIO(),
    }
    return made | ({"HTTP_X_FORWARDED_PROTO": "https"} if address.is_https else {})
