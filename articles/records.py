"""What moves between systems, as plain data: the common tongue of readers and writers. No database here."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

ORIGIN_SITE_LENGTH, ORIGIN_TYPE_LENGTH, ORIGIN_ID_LENGTH = 200, 40, 200  # code points


class Origin(NamedTuple):
    """Where something came from. The same origin is the same thing, so that a second import finds it again."""

    site: str
    type: str
    id: str

    @classmethod
    def of(cls, site: str, type: str, id: str) -> Origin:
        """Return an origin that fits its columns: what is too long ends in a digest of the whole."""
        return cls(_fitted(site, ORIGIN_SITE_LENGTH), _fitted(type, ORIGIN_TYPE_LENGTH), _fitted(id, ORIGIN_ID_LENGTH))


def _fitted(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 17]}~{digest(text)}"


def digest(*parts: str) -> str:
    """Return 16 characters that stand for these texts: equal for equal ones, today and tomorrow."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class NameRecord:
    """A section, a tag or an author: what is known of it is its name and the last part of its address."""

    origin: Origin
    name: str
    slug: str = ""


@dataclass(frozen=True)
class ArticleRecord:
    """An article or a page. Times carry a zone; None: not known. `body` is HTML that nobody has made safe yet.

    `state` is one of the article's states and agrees with the times: published has `published_at`, scheduled has
    `scheduled_for`. `old_addresses` are paths with their query, as `Redirect.path` holds them.
    """

    origin: Origin
    kind: str
    headline: str
    slug: str
    state: str
    body: str = ""
    standfirst: str = ""
    published_at: dt.datetime | None = None
    scheduled_for: dt.datetime | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    takes_comments: bool = True
    section: NameRecord | None = None
    tags: tuple[NameRecord, ...] = ()
    authors: tuple[NameRecord, ...] = ()
    old_addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remark:
    """Something that did not come in as it was, or not at all (`left_out`): a code, what it is about, a detail."""

    code: str
    subject: str
    detail: str = ""
    left_out: bool = False
