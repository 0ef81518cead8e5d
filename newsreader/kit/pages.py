"""Answers that a shared cache may keep, and answers that it must not.

A public page is the same bytes for everybody. Its ETag is made from the versions of what it shows, read before
anything is rendered, so a 304 costs the reading of those versions alone.
"""

import hashlib
import re
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

FRESH = "public, max-age=0, s-maxage=1"


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
    key = repr((release(), settings.LANGUAGE_CODE, request.path, *versions))
    etag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = build()
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
