"""Pages that are made anew before somebody asks for them: those found to be of older versions, and asked for lately.

A post changes a page in every process, and a reader has it made anew in one. Without this the others would have nothing
to show if the database went away.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings

from newsreader.front import answers
from newsreader.front.page_cache import UNASKED, Entry, PageCache
from newsreader.front.pages import Address
from newsreader.front.pool import Job
from newsreader.wsgi import application as django

EVERY = 0.1  # seconds from one page to the next, so that no reader waits behind many
MOST = 1_000  # pages that wait for it


class Renewal:
    """Used on the loop alone. `submit` has a job done in a thread."""

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
            self.submit(Job(partial(self._make, *self._due.popitem(last=False)), writes=False))
            self.loop.call_later(EVERY, self._next)

    def _make(self, address: Address, entry: Entry, busy: bool, waited: float) -> int:
        if busy or self.cache.kept(address, by_reader=False):  # Somebody was sooner.
            return 200
        coding = next(iter(entry.pages)) or "identity"
        with answers.ask(django, request_of(address, coding)) as answer:
            self.cache.learn(address, answer, frozenset(), coding, entry.view, wanted=entry.wanted)
            return answer.status


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
