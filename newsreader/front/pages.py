"""Finished answers that every reader gets the same: which may be kept, and under what.

Such an answer says `public`, sets no cookie and does not vary by one. Whatever cookies the request carried, it holds
nothing of them: that is what `public` promises. Where strangers alone get the same (`no-cache`), the answer is taken
from, and given to, requests without any credentials.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from django.conf import settings
from django.urls import Resolver404, resolve
from granian.rsgi import Scope

from newsreader import request_limits
from newsreader.front.answers import Fields
from newsreader.kit.http_cache import parameters_of

LARGEST = 2 * 1024 * 1024  # bytes of one answer
KEPT = frozenset({200, 301, 302, 308})
CREDENTIALS = frozenset({"cookie", "authorization", "x-session-token"})
# They are of one answer, not of the page.
_OWN = frozenset({"age", "connection", "date", "server-timing", "x-noise", "x-request-id"})


class Address(NamedTuple):
    """What an answer is kept under. How it is compressed comes below that."""

    host: str
    is_https: bool
    path: str
    query: str

    @classmethod
    def of(cls, scope: Scope) -> Address:
        headers = scope.headers
        scheme = (headers.get("x-forwarded-proto") or "").partition(",")[0].strip()  # As Django reads it.
        return cls(headers.get("host") or "", scheme == "https", scope.path, scope.query_string)

    @property
    def counted(self) -> Address:
        """The address with no more of its query than its page reads: Django's answer is the same, byte for byte.

        Unchanged where there is no page for everybody, or where Django would refuse it.
        """
        if not self.query:
            return self
        names = _parameters_at(self.path)
        if names is None or _is_refused(self):
            return self
        parts = (part for part in self.query.split("&") if _name_of(part) in names)
        return self._replace(query="&".join(parts))

    @property
    def is_after_posting(self) -> bool:
        """Whether somebody comes who has just posted, and must not see a page without that comment."""
        return any(_name_of(part) == "new" for part in self.query.split("&"))


@lru_cache(maxsize=4096)
def _parameters_at(path: str) -> frozenset[str] | None:
    try:
        return parameters_of(resolve(path).func)
    except Resolver404:
        return None


def _name_of(part: str) -> str:
    """Return the name of a part of a query, as Django reads it."""
    return unquote_plus(part.partition("=")[0])


def _is_refused(address: Address) -> bool:
    """Say whether Django may find that the query is too long or holds too much, or NUL."""
    size = len(address.path.encode()) + len(address.query.encode())
    many = address.query.count("&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    return size > request_limits.ADDRESS or many or bool(request_limits.NUL.search(address.query))


@dataclass(frozen=True, slots=True)
class Page:
    """A finished answer in one encoding."""

    status: int
    headers: Fields
    body: bytes
    etag: str  # as the site has made it, whatever was compressed since; empty: none
    coding: str  # empty: not compressed
    varies: frozenset[str]  # request headers with which it may be another


def page_of(status: int, headers: Fields, body: bytes) -> Page | None:
    """Return an answer as a page that may be kept; None if it must not be."""
    said = {name.lower(): value for name, value in headers}
    control = _parts(said.get("cache-control", ""))
    varies = _parts(said.get("vary", ""))
    if status not in KEPT or "public" not in control or control & {"private", "no-store"} or len(body) > LARGEST:
        return None
    if "set-cookie" in said or varies & {"cookie", "*"}:
        return None
    varies -= {"accept-encoding"}
    return Page(
        status,
        own_left_out(headers),
        body,
        said.get("etag", "").removeprefix("W/"),
        said.get("content-encoding", ""),
        varies | CREDENTIALS if "no-cache" in control else varies,
    )


def own_left_out(headers: Fields) -> Fields:
    return [(name, value) for name, value in headers if name.lower() not in _OWN]


@lru_cache(maxsize=256)
def _parts(text: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())
