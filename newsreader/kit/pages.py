"""Answers that a shared cache may keep, and answers that it must not.

A public page is the same bytes for everybody. Its ETag is made from the versions of what it shows, read before
anything is rendered, so a 304 costs the reading of those versions alone.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags

FRESH = "public, max-age=0, s-maxage=1"


class _Kept:
    """The pages rendered last in this process, by their ETags: a page of the same versions is the same bytes.

    Nothing has to be dropped when something changes, since its versions then make another ETag. Bounded in bytes.
    """

    def __init__(self, most: int):
        self._most, self._size = most, 0
        self._pages: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, etag: str) -> bytes | None:
        with self._lock:
            if etag in self._pages:
                self._pages.move_to_end(etag)
            return self._pages.get(etag)

    def put(self, etag: str, page: bytes) -> None:
        with self._lock:
            self._size += len(page) - len(self._pages.pop(etag, b""))
            self._pages[etag] = page
            while self._size > self._most:
                self._size -= len(self._pages.popitem(last=False)[1])

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self._size = 0


_kept = _Kept(most=16 * 1024 * 1024)  # bytes


@cache
def release() -> str:
    """Return a digest of everything a page is made from besides data: a new release means new pages."""
    digest = hashlib.sha256()
    for room in ("newsreader", "articles", "comments"):
        for file in sorted((Path(settings.BASE_DIR) / room).rglob("*")):
            if file.suffix in {".html", ".css", ".js", ".py", ".txt"}:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def public(request: HttpRequest, versions: Iterable[Hashable], build: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer with the page, or with 304 where the visitor's copy is of these versions."""
    ways = tuple((provider.name, provider.label) for provider in settings.SIGN_IN_WITH)
    key = repr((release(), settings.LANGUAGE_CODE, ways, request.path, *versions))
    etag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    response: HttpResponse | None = None
    # An asterisk would match pages that do not exist.
    if etag in (given.removeprefix("W/") for given in parse_etags(request.headers.get("If-None-Match", ""))):
        response = HttpResponseNotModified()
    elif kept := _kept.get(etag):
        response = HttpResponse(kept)
    if response is None:
        response = build()
        if response.status_code == 200:
            _kept.put(etag, response.content)
    if response.status_code in {200, 304}:
        response["ETag"] = etag
        response["Cache-Control"] = FRESH
    return response


def private(response: HttpResponse) -> HttpResponse:
    """Mark an answer as one person's: no cache keeps it, no search engine lists it."""
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def page_number(request: HttpRequest) -> int:
    """Return `?page=`, 1 where it is absent. Raises Http404 for what is no page number."""
    text = request.GET.get("page", "1")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise Http404
    return int(text)
