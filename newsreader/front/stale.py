"""A kept page as an answer, for when Django cannot answer, marked by its age (RFC 5861, `stale-if-error`; RFC 9211)."""

from __future__ import annotations

import gzip
import sys
import time

import brotli
from django.utils.http import parse_etags
from django_http_compression.middleware import best_coding
from granian.rsgi import Scope

from newsreader.front.answers import Answer, Fields
from newsreader.front.page_cache import Entry
from newsreader.front.pages import Page
from newsreader.kit.versions import without_encodings

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FAILED = frozenset({500, 502, 503, 504})  # of RFC 5861
IF_ERROR = 60  # seconds that a shared cache may go on with it should it reach nobody here
_DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}
_OF_CODING = frozenset({"content-encoding", "content-length", "etag"})
_OF_BODY = frozenset({"content-encoding", "content-length", "content-type"})


def answer_from(entry: Entry, scope: Scope) -> Answer | None:
    """Return the answer to a GET or HEAD of its address; None where this request may get another page."""
    headers = scope.headers
    page = _in_coding(entry, best_coding(headers.get("accept-encoding") or ""))
    if any(name in headers for name in page.varies):
        return None
    marked = _marked(page, int(time.monotonic() - entry.checked))
    if _is_known(page, scope):
        return Answer(304, [(name, value) for name, value in marked if name.lower() not in _OF_BODY], b"")
    return Answer(page.status, marked, page.body)


def _in_coding(entry: Entry, coding: str) -> Page:
    pages = entry.pages
    if page := pages.get(coding) or pages.get(""):
        return page
    # Only compressed otherwise than this reader asks for.
    page = next(iter(pages.values()))
    body = _DECODERS[page.coding](page.body)
    headers = [(name, value) for name, value in page.headers if name.lower() not in _OF_CODING]
    headers.append(("Content-Length", str(len(body))))
    if page.etag:
        headers.append(("ETag", page.etag))
    return Page(page.status, headers, body, page.etag, "", page.varies)


def _marked(page: Page, age: int) -> Fields:
    said = []
    for name, value in page.headers:
        is_control = name.lower() == "cache-control" and "no-cache" not in value
        said.append((name, f"{value}, stale-if-error={IF_ERROR}" if is_control else value))
    return [*said, ("Age", str(age)), ("Cache-Status", f"newsreader; hit; ttl={-age}; detail=stale-if-error")]


def _is_known(page: Page, scope: Scope) -> bool:
    """Say whether the reader has this page, as `newsreader.kit.http_cache` does."""
    if given := scope.headers.get("if-none-match"):
        known = (tag.removeprefix("W/") for tag in parse_etags(without_encodings(given)))
        return bool(page.etag) and page.etag in known
    since = scope.headers.get("if-modified-since")
    return since is not None and any(name.lower() == "last-modified" and value == since for name, value in page.headers)
