"""Each request's way: read whole, to a thread, answered. Granian calls `application` on its event loop.

What is answered here needs no thread. `/healthz` is: it says that the process is alive, and all threads may be busy.
"""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from typing import IO, Any
from urllib.parse import urlsplit

from django.conf import settings
from granian.rsgi import HTTPProtocol, Scope

from newsreader.front import answers, bodies
from newsreader.front.environ import environ
from newsreader.front.pool import SWEEP, Job, Pool
from newsreader.operations import pulse
from newsreader.wsgi import application as django

HEALTH = "/healthz"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # They have no body, and write nothing.
GRACE = 5.0  # seconds at the end for requests whose clients have gone


class Application:
    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop
        self.pool: Pool
        self._health: tuple[int, answers.Fields, bytes]
        self._sweeps = False

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.pool = loop, Pool(settings.WEB_THREADS)
        self._health = _health()
        loop.call_soon(self._beat)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pool.stop(GRACE)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        method, path = scope.method, scope.path
        if path == HEALTH and method in {"GET", "HEAD"}:
            protocol.response_bytes(*self._health)
            return
        unread, writes = "", method not in SAFE
        body: IO[bytes] = io.BytesIO()
        if writes and (length := scope.headers.get("content-length")):
            try:
                body = await bodies.read(protocol, path, int(length))
            except bodies.Unread as why:
                unread, writes = str(why), False
        await self._in_thread(scope, protocol, body, unread, writes=writes)

    async def _in_thread(
        self, scope: Scope, protocol: HTTPProtocol, body: IO[bytes], unread: str, *, writes: bool
    ) -> None:
        """Have Django answer, and wait until it has: the server takes a request that ends before for a failed one."""
        loop = self.loop
        done: asyncio.Future[None] = loop.create_future()

        def run(busy: bool) -> int:
            try:
                made = environ(scope, body)
                if busy:
                    made["newsreader.busy"] = True
                if unread:
                    made["newsreader.unread"] = unread
                return answers.answer(django, made, protocol)
            finally:
                body.close()
                with suppress(RuntimeError):  # The loop has ended: so has the server, and nobody waits.
                    loop.call_soon_threadsafe(_finish, done)

        if self.pool.submit(Job(run, writes)) and not self._sweeps:
            self._sweeps = True
            loop.call_later(SWEEP, self._sweep)
        await done

    def _sweep(self) -> None:
        self._sweeps = self.pool.sweep()
        if self._sweeps:
            self.loop.call_later(SWEEP, self._sweep)

    def _beat(self) -> None:
        """Tell `serve` that this process lives: its loop runs, and its threads are not all stuck."""
        if self.pool.answers(pulse.EVERY):
            pulse.send("web")
        self.loop.call_later(pulse.EVERY, self._beat)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _health() -> tuple[int, answers.Fields, bytes]:
    """Return what Django answers to a look at the process's health: the same every time, so it is asked once."""
    site = urlsplit(settings.SITE_URL)
    asked: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": HEALTH,
        "SERVER_NAME": settings.ALLOWED_HOSTS[0].lstrip("."),
        "SERVER_PORT": "443" if settings.SECURE else "80",
        "wsgi.url_scheme": site.scheme,
        "wsgi.input": io.BytesIO(),
    }
    started = answers.Started()
    body = b"".join(django(asked, started))
    return started.status, started.headers, body


application = Application()
