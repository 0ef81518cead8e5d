"""Django's answer, handed over to the server whole, so that the thread is free before the reader has it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from whitenoise.responders import SlicedFile

from newsreader.kit.depends import Depends
from newsreader.kit.http_cache import depends_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from newsreader.front.access import Answering

Fields = list[tuple[str, str]]
IN_MEMORY = 256 * 1024  # bytes; a larger file is sent by the server, by its path


class Answer(NamedTuple):
    """What is sent. The body is whole, or a file, or still being made."""

    status: int
    headers: Fields
    body: bytes | File | Iterable[bytes]
    depends: Depends | None = None  # what a public page was made of


class File:
    """A file as an answer; what PEP 3333 calls a file wrapper."""

    def __init__(self, file: IO[bytes], block_size: int = 0) -> None:
        self.file = file
        self.close = file.close

    def on_disk(self) -> tuple[str, int, int] | None:
        """Return its path and the first and last byte that are wanted; None where it is not a file on this disk."""
        file, most = (
            (self.file.fileobj, self.file.remaining) if isinstance(self.file, SlicedFile) else (self.file, None)
        )
        if not isinstance(file, io.BufferedReader) or not isinstance(file.name, str | os.PathLike):
            return None
        start, end = file.tell(), os.fstat(file.fileno()).st_size
        return os.fspath(file.name), start, (end if most is None else min(end, start + most)) - 1


class Started:
    """The status and the headers of an answer; the `start_response` that Django calls."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: Fields = []

    def __call__(self, line: str, headers: Fields, exc_info: object = None, /) -> Callable[[bytes], object]:
        self.status, self.headers = int(line[:3]), headers
        return _write


def _write(data: bytes) -> None:
    raise NotImplementedError  # Of WSGI's early days; Django does not call it.


@contextmanager
def ask(application: WSGIApplication, environ: dict[str, Any]) -> Iterator[Answer]:
    """Call Django, and close what it answered with when that has been sent."""
    started = Started()
    result = application(environ, started)
    try:
        whole = not isinstance(result, File) and not getattr(result, "streaming", False)
        yield Answer(started.status, started.headers, b"".join(result) if whole else result, depends_of(result))
    finally:
        if close := getattr(result, "close", None):
            close()


def send(answering: Answering, answer: Answer, *, body: bool = True) -> None:
    """Hand an answer over, or for HEAD its head alone."""
    if not body:
        answering.response_empty(answer.status, answer.headers)
    elif isinstance(answer.body, bytes):
        answering.response_bytes(answer.status, answer.headers, answer.body)
    elif isinstance(answer.body, File):
        _send_file(answering, answer, answer.body)
    else:
        _send_stream(answering, answer, answer.body)


def _send_file(answering: Answering, answer: Answer, file: File) -> None:
    place = file.on_disk()
    if place is None:
        _send_stream(answering, answer, iter(lambda: file.file.read(IN_MEMORY), b""))
        return
    path, first, last = place
    if last - first < IN_MEMORY:
        answering.response_bytes(answer.status, answer.headers, file.file.read())
    else:
        answering.response_file_range(answer.status, answer.headers, path, first, last + 1)


def _send_stream(answering: Answering, answer: Answer, chunks: Iterable[bytes]) -> None:
    """Send chunks as Django makes them. The server keeps in memory what the reader has not taken yet."""
    transport = answering.response_stream(answer.status, answer.headers)
    for chunk in chunks:
        transport.send_bytes(chunk)  # Done at once; what it returns says nothing.
