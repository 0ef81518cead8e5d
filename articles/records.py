"""Plain data of articles and everything around them, for imports and exports. Knows no database."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

ORIGIN_SITE_LENGTH, ORIGIN_TYPE_LENGTH, ORIGIN_ID_LENGTH = 200, 40, 200  # code points


class Origin(NamedTuple):
    """Where an imported row came from. A second import finds it again by the same origin."""

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
    """Return 16 characters that stand for these texts, always the same for the same texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class NameRecord:
    """A section, a tag or an author: its name and its slug."""

    origin: Origin
    name: str
    slug: str = ""


@dataclass(frozen=True)
class ArticleRecord:
    """An article or a page. Times carry a zone; None: not known. `body` is HTML that is not sanitised yet.

    `state` is one of the article's states and fits the times: published has `published_at`, scheduled has
    `scheduled_for`. `old_addresses` are paths with their query, as in `Redirect.path`.
    `file`, here and below, is the file that it was in, for the report.
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
    file: str = ""


@dataclass(frozen=True)
class AddressRecord:
    """Old addresses, as in `Redirect.path`, of something that now is part of an article: the article's site and id."""

    site: str
    article: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Remark:
    """Something that was changed or left out (`left_out`) by an import: a code, what it is about, a detail."""

    code: str
    subject: str
    detail: str = ""
    left_out: bool = False
    file: str = ""
