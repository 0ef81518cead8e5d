"""Reads a request's body whole, within its time and size (`newsreader.request_limits`)."""

from __future__ import annotations

import asyncio
import io
import tempfile
from contextlib import suppress
from typing import IO

from django.http.cookie import parse_cookie
from granian.rsgi import HTTPProtocol, ProtocolClosed

from newsreader import request_limits
from newsreader.accounts import upload_pass

IN_MEMORY = 256 * 1024  # bytes; what is larger waits in a temporary file. No reply is.
LINGER = 1.0  # seconds that a client may pause that sends what nobody wants


class Unread(Exception):
    """The body was not read to its end. Its text says why: a key of `newsreader.middleware.UNREAD`."""


async def read(protocol: HTTPProtocol, path: str, length: int, *, cookies: str = "") -> IO[bytes]:
    """Return the body, which the request says is so long. Raises Unread."""
    staff = request_limits.is_newsroom(path) and upload_pass.is_carried(parse_cookie(cookies))
    if length > request_limits.largest_body(path, staff=staff):
        raise Unread("body_too_large")
    try:
        async with asyncio.timeout(request_limits.seconds_for_body(path, length, staff=staff)):
            return io.BytesIO(await protocol()) if length <= IN_MEMORY else await _in_file(protocol, length)
    except TimeoutError:
        raise Unread("body_too_slow") from None
    except ProtocolClosed:
        raise Unread("body_incomplete") from None
    except OSError:  # The disk is full.
        raise Unread("busy") from None


async def _in_file(protocol: HTTPProtocol, length: int) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        async for chunk in protocol:
            file.write(chunk)
        if file.tell() < length:  # Where the client hangs up, the chunks just end.
            raise Unread("body_incomplete")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


async def discard(protocol: HTTPProtocol) -> None:
    """Read on for a while what nobody wants, after the answer.

    To close at once is a reset: a client that is still sending, or a proxy such as Caddy, then loses the answer.
    """
    read, now = 0, asyncio.get_running_loop().time
    end = now() + request_limits.BODY_SECONDS
    with suppress(TimeoutError, ProtocolClosed):
        async with asyncio.timeout(LINGER) as limit:
            async for chunk in protocol:
                read += len(chunk)
                if not chunk or read > request_limits.UPLOAD:
                    return
                limit.reschedule(min(end, now() + LINGER))
