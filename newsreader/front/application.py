"""Each request's way: read whole, to a thread, answered, noted. Granian calls `application` on its event loop.

Where Django cannot answer, the last good answer of a public address is sent instead (`page_cache`, `stale`).

What is answered here needs no thread. `/healthz` is: it says that the process is alive, and all threads may be busy.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from granian.rsgi import HTTPProtocol, Scope

from newsreader.front import access, answers, bodies, lane
from newsreader.front.asker import Asker
from newsreader.front.exchange import READS, Exchange
from newsreader.front.first_pages import make_front_page, own_request
from newsreader.front.page_cache import Entry, PageCache
from newsreader.front.pages import Address
from newsreader.front.pool import SWEEP, Job, Pool
from newsreader.front.renewal import Renewal
from newsreader.front.versions_now import Versions
from newsreader.kit.lookalikes import skeleton
from newsreader.kit.tracing import HEADER
from newsreader.operations import listening, pulse
from newsreader.wsgi import application as django

HEALTH = "/healthz"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # They have no body, and write nothing.
QUEUE = 1.0  # seconds at most until nobody waits to be connected; a moment, but where all connections are taken
WATCHED = 100  # kept pages whose versions are looked at in a second
GRACE = 5.0  # seconds at the end for requests whose clients have gone


class Application:
    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop
        self.pool: Pool
        self.asker: Asker
        self.renewal: Renewal
        self.log: access.Log
        self.cache = PageCache()
        self._health: answers.Answer | None = None
        self._sweeps = False
        self._besides: answers.Fields = []  # headers of every answer

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        if not settings.WEB:
            raise ImproperlyConfigured("NEWSREADER_ROLE must be web before the settings are read.")
        self.loop, self.pool, self.log = loop, Pool(settings.WEB_THREADS), access.Log(loop)
        self.asker = Asker(loop)
        self.renewal = Renewal(loop, self.cache, self._submit)
        self.prepare()
        make_front_page()
        # What has been loaded stays. Else each full collection looks through it, 90 ms in which no thread answers. To
        # look for garbage in it before would take another MiB, of pages that processes share.
        gc.freeze()
        loop.add_signal_handler(signal.SIGUSR1, self._retire)
        loop.call_soon(self._beat)
        loop.call_soon(self._watch)

    def prepare(self) -> answers.Answer:
        """Make what is the same in every web process. Made before their fork, it is 3 MiB less of each that waits.

        Returns what answers a look at the process's health.
        """
        if self._health is None:
            skeleton("")
            self._health = _health()
        return self._health

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pool.stop(GRACE)
        self.asker.stop(1.0)
        self.log.stop()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        answering = access.Answering(scope, protocol, self._besides)
        try:
            ready = lane.ready(self.cache, scope) if answering.method in READS else None
            now = self.asker.known(ready.entry.asked) if ready else None
            if ready is None or now is None or not self._answer_with(ready, now, answering):
                await self._answer(scope, protocol, answering, ready if now is None else None)
        finally:
            self.log.answered(answering)

    async def _answer(
        self, scope: Scope, protocol: HTTPProtocol, answering: access.Answering, ready: lane.Ready | None
    ) -> None:
        """Answer; with what is ready if it holds, which takes a statement to know."""
        method, path = answering.method, answering.path
        if path == HEALTH and method in READS:
            answering.seen.view = "healthz"
            answers.send(answering, self.prepare(), body=method == "GET")
            return
        if ready and (asked := self.asker.ask(ready.entry.asked)):
            now = await asked
            if now is not None and self._answer_with(ready, now, answering):
                return
        unread, writes = "", method not in SAFE
        body: IO[bytes] | None = None
        length = scope.headers.get("content-length") if writes else "0"
        if writes and length:
            try:
                body = await bodies.read(protocol, path, int(length), cookies=scope.headers.get("cookie", ""))
            except bodies.Unread as why:
                unread, writes = str(why), False
        exchange = Exchange(self.loop, scope, answering, self.cache, body=body, unread=unread)
        self._submit(Job(exchange.run, writes, exchange.run_stale, exchange.hang_up))
        await exchange.done  # The server takes a request that ends before its answer for a failed one.
        if (unread == "body_too_large" or not length) and "expect" not in scope.headers:
            await bodies.discard(protocol)

    def _submit(self, job: Job) -> None:
        self.pool.submit(job)
        if not self._sweeps:
            self._sweeps = True
            self.loop.call_later(SWEEP, self._sweep)

    def _answer_with(self, ready: lane.Ready, now: Versions, answering: access.Answering) -> bool:
        """Answer with a finished page if what it depends on holds by the versions of now. Returns whether it does."""
        if not lane.holds(ready.depends, now):
            self.cache.outdated(ready.address, ready.entry, now)
            return False
        answering.seen.view, ready.entry.checked = ready.entry.view, time.monotonic()
        answering.finished = True
        answers.send(answering, ready.answer, body=answering.method == "GET")
        return True

    def _watch(self) -> None:
        """Find out which of the kept pages are of older versions, a few every second, all within a minute or so.

        So that nothing that was taken down meanwhile is shown where Django cannot answer.
        """
        some = self.cache.some(WATCHED)
        asked = self.asker.ask(frozenset(of for _, entry in some for of in entry.asked)) if some else None
        if asked:
            asked.add_done_callback(lambda done: self._compare(some, done.result()))
        self.loop.call_later(1.0, self._watch)

    def _compare(self, some: list[tuple[Address, Entry]], now: Versions | None) -> None:
        for address, entry in some:
            if now and self.cache.outdated(address, entry, now):
                self.renewal.note(address, entry)
            elif now:
                entry.checked = time.monotonic()

    def _sweep(self) -> None:
        self._sweeps = self.pool.sweep()
        if self._sweeps:
            self.loop.call_later(SWEEP, self._sweep)

    def _beat(self) -> None:
        """Tell `serve` that this process lives: its loop runs, and its threads are not all stuck."""
        if self.pool.answers(pulse.EVERY):
            pulse.send("web")
        self.loop.call_later(pulse.EVERY, self._beat)

    def _retire(self) -> None:
        """Leave new connections to others, and have every client close the one it has with its next answer.

        `serve` asks for it before it ends this process. A connection that is closed under a client who is just sending
        costs the request, and nobody would know whether it had been heard.
        """
        if not self._besides:
            self._besides.append(("Connection", "close"))
            self._leave(self.loop.time() + QUEUE)

    def _leave(self, until: float) -> None:
        if not listening.stop_accepting(while_some_wait=self.loop.time() >= until):
            self.loop.call_later(0.001, self._leave, until)


def _health() -> answers.Answer:
    """Return what Django answers to a look at the process's health: the same every time, so it is asked once."""
    with answers.ask(django, own_request(HEALTH)) as answer:
        return answer._replace(headers=[field for field in answer.headers if field[0] != HEADER])


application = Application()
