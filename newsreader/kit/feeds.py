"""Feeds: their content, and the three formats in which they are written (RSS 2.0, Atom, JSON Feed 1.1).

To add a format, write a class with `write`, and add a line to FORMS. Every format holds the same about an entry.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import IO, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed, SyndicationFeed
from django.utils.html import escape
from django.utils.xmlutils import SimplerXMLGenerator

from newsreader.kit.depends import Depends
from newsreader.kit.http_cache import public
from newsreader.kit.kept import Kept

# Characters that XML does not allow.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class FeedEntry:
    """One entry. Addresses are absolute; `html` is safe; `summary` is plain text."""

    link: str
    title: str
    html: str
    published: dt.datetime
    updated: dt.datetime
    summary: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    comments: str = ""  # where its discussion is
    picture: tuple[str, str] | None = None  # absolute address and media type


NEVER = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Channel:
    """A feed. `link` is the page that it belongs to. `entries` makes them, where the feed is written.

    `since`: when it is from as long as it has none.
    """

    title: str
    link: str
    description: str
    language: str
    entries: Callable[[], Sequence[FeedEntry]]
    since: dt.date = NEVER


# In RSS an item's description is HTML, and Django declares the summary of an Atom entry to be HTML. Titles, and what is
# said of the whole feed, are plain text, as is everything in JSON Feed.


class _KeptItems(SyndicationFeed):
    """Keeps each entry as it was written, since mostly one of fifty is new: 3 ms of the 6 that a feed took."""

    def write_items(self, handler: Any) -> None:
        for item in self.items:
            handler.ignorableWhitespace(self._written(item))  # which writes it as it is

    def latest_post_date(self) -> dt.datetime:
        """Return when it last changed: where it has no entries, not now, which would be another feed each second."""
        if self.items:
            return super().latest_post_date()
        return dt.datetime.combine(self.feed["since"], dt.time(), dt.UTC)

    def _written(self, item: dict[str, Any]) -> str:
        key = type(self), item["entry"]
        found = _items.get(key)
        if found is None:
            alone, out = copy.copy(self), StringIO()
            alone.items = [item]
            handler = SimplerXMLGenerator(out, "utf-8", short_empty_elements=True)
            super(_KeptItems, alone).write_items(handler)  # type: ignore[misc]
            found = out.getvalue()
            _items.put(key, found, 3 * len(found))  # The entry itself is in its key, and most of it twice.
        return found


_items: Kept[str] = Kept(most=4 * 1024 * 1024)  # bytes


class _Rss(_KeptItems, Rss201rev2Feed):
    def rss_attributes(self) -> dict[str, str]:
        more = {
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
            "xmlns:dc": "http://purl.org/dc/elements/1.1/",
        }
        return super().rss_attributes() | more

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item | {"description": escape(item["description"])})
        for name in item["authors"]:
            handler.addQuickElement("dc:creator", name)
        handler.addQuickElement("content:encoded", item["html"])


class _Atom(_KeptItems, Atom1Feed):
    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item | {"description": escape(item["description"])})
        for name in item["authors"]:
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")
        handler.addQuickElement("content", item["html"], {"type": "html"})


class _Json(SyndicationFeed):
    """Source: https://www.jsonfeed.org/version/1.1/"""

    content_type = "application/feed+json; charset=utf-8"

    def write(self, outfile: IO[str], encoding: str) -> None:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.feed["title"],
            "home_page_url": self.feed["link"],
            "feed_url": self.feed["feed_url"],
            "description": self.feed["description"],
            "language": self.feed["language"],
            "items": [_json_item(item) for item in self.items],
        }
        outfile.write(json.dumps(feed, ensure_ascii=False))  # `dump` takes three times as long.


def _json_item(item: dict[str, Any]) -> dict[str, Any]:
    values = {
        "id": item["link"],
        "url": item["link"],
        "title": item["title"],
        "content_html": item["html"],
        "summary": item["description"],
        "date_published": item["pubdate"].isoformat(timespec="seconds"),
        "date_modified": item["updateddate"].isoformat(timespec="seconds"),
        "authors": [{"name": name} for name in item["authors"]],
        "tags": list(item["categories"]),
        "image": item["enclosures"][0].url if item["enclosures"] else "",
    }
    return {name: value for name, value in values.items() if value}


FORMS: dict[str, type[_Rss | _Atom | _Json]] = {"": _Rss, "atom": _Atom, "json": _Json}


def form_of(name: str) -> type[_Rss | _Atom | _Json]:
    """Return the format of this name; RSS for an empty name. Raises Http404."""
    try:
        return FORMS[name]
    except KeyError:
        raise Http404 from None


def answer(
    request: HttpRequest,
    form: str,
    address: str,
    channel: Channel,
    versions: Iterable[Hashable],
    keys: Iterable[str],
    updated: Iterable[dt.datetime],
    *,
    depends: Depends | None = None,
) -> HttpResponse:
    """Answer with the feed; 304 if the visitor's copy has these versions. `address`: its own, absolute.

    `keys`: by which a CDN drops it. `updated`: when each entry was. `depends`: what it was made of
    (`newsreader.kit.http_cache.public`).
    """
    kind = form_of(form)

    def build() -> HttpResponse:
        return HttpResponse(_written(kind, address, channel), content_type=kind.content_type)

    latest = max(updated, default=None)
    return public(request, versions, build, changed_at=latest, keys=keys, depends=depends)


def _written(kind: type[_Rss | _Atom | _Json], address: str, channel: Channel) -> bytes:
    feed = kind(
        title=writable(channel.title),
        link=channel.link,
        description=writable(channel.description),
        language=channel.language,
        feed_url=address,
        since=channel.since,
    )
    for entry in channel.entries():
        feed.add_item(
            title=writable(entry.title),
            link=entry.link,
            description=writable(entry.summary),
            unique_id=entry.link,
            unique_id_is_permalink=True,
            pubdate=entry.published,
            updateddate=entry.updated,
            categories=[writable(name) for name in entry.categories],
            comments=entry.comments or None,
            enclosures=[Enclosure(entry.picture[0], "0", entry.picture[1])] if entry.picture else [],
            authors=[writable(name) for name in entry.authors],
            html=writable(entry.html),
            entry=entry,
        )
    text: str = feed.writeString("utf-8")
    return text.encode()


def writable(text: str) -> str:
    """Return a text without characters that XML does not allow."""
    return _UNWRITABLE.sub("", text)
