"""The fast lane: a finished page that still holds is answered in front of Django.

Only what `newsreader.kit.http_cache.public` has made is in it, with what the page depends on. That is asked of the
database for every request (`asker`). Whatever is not exactly as it was when Django answered the like goes to Django: a
header that might matter, an encoding or a 304 that nobody has asked for yet. So the lane makes nothing itself, and its
answers are Django's, byte for byte, but for `Cache-Status`. Of a query only that counts which the page reads.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.utils.http import parse_etags
from django_http_compression.middleware import best_coding
from granian.rsgi import Scope

from newsreader.front.answers import Answer
from newsreader.front.page_cache import Entry, PageCache
from newsreader.front.pages import Address
from newsreader.front.versions_now import Versions
from newsreader.kit.depends import Depends
from newsreader.kit.versions import without_encodings

# Seconds after which Django answers once more. Should a change ever forget to count a version, it is on the page then.
AGAIN = 60.0
# With these Django may answer otherwise: by who is asking, in part, on a condition, or that it understands nothing.
UNUSUAL = frozenset({
    "authorization", "content-length", "expect", "if-match", "if-range", "if-unmodified-since", "range",
    "transfer-encoding", "x-session-token",
})  # fmt: skip


class Ready(NamedTuple):
    """An answer to a request, if what it depends on holds."""

    address: Address
    entry: Entry
    depends: Depends
    answer: Answer


def coding_of(scope: Scope) -> str:
    """Return how Django would compress what it answers to this request, if it is worth it; `identity`: not."""
    return best_coding(",".join(_all(scope, "accept-encoding")))


def _all(scope: Scope, name: str) -> list[str]:
    """Return each value of a header that may have come several times."""
    found: list[str] = scope.headers.get_all(name)  # type: ignore[attr-defined]  # Missing in the library's types.
    return found


def ready(cache: PageCache, scope: Scope) -> Ready | None:
    """Return what a GET or HEAD may be answered with, if it holds; None where Django is to be asked."""
    headers = scope.headers
    address = Address.of(scope).counted
    entry = cache.kept(address)
    depends = entry.depends if entry else None
    if entry is None or depends is None or time.monotonic() - entry.told > AGAIN:
        return None
    if not UNUSUAL.isdisjoint(headers.keys()) or len(_all(scope, "host")) != 1:
        return None
    coding = coding_of(scope)
    if "if-none-match" in headers:
        tags = parse_etags(without_encodings(",".join(_all(scope, "if-none-match"))))
        if "*" in tags:
            return None
        is_known = entry.etag in (tag.removeprefix("W/") for tag in tags)
    elif "if-modified-since" in headers and (changed_at := entry.changed_at):
        if headers.get("if-modified-since") != changed_at:
            return None
        is_known = True
    else:
        is_known = False
    answer = (entry.unmodified if is_known else entry.finished).get(coding)
    return Ready(address, entry, depends, answer) if answer else None


def holds(depends: Depends, now: Versions) -> bool:
    """Say whether a page with these dependencies is what Django would answer, by the versions of this moment."""
    return time.time() < depends.until and all(now.get(of) == version for of, version in depends.versions)
