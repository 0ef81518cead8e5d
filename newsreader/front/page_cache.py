"""The last good answer of each public address, bounded in bytes; what was not asked for longest goes first.

What may enter is said in `newsreader.front.pages`.

Another good answer replaces a page, and "not found" or "gone" removes it. What is taken down while nobody asks for it
is not known here, so a page that had not been asked for within an hour when the fault began is not shown.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from newsreader.front.answers import Fields
from newsreader.front.pages import CREDENTIALS, KEPT, Address, Page, page_of

MOST = 64 * 1024 * 1024  # bytes in one process
MOST_OF_QUERIES = MOST // 4  # of it, for addresses with a query: anybody can make up as many as they like
UNASKED = 60 * 60  # seconds between the time a page was last found to be good and the beginning of the fault
OLDEST = 24 * 60 * 60  # seconds since then in all
QUIET = 60  # seconds: if nobody needed a page for so long, the fault is over
OVERHEAD = 4096  # bytes counted for an answer besides its body: its headers and its address

REMOVED = frozenset({404, 410})


@dataclass(slots=True)
class Entry:
    """One address: its page in each encoding that was asked for, all of the same version."""

    pages: dict[str, Page]
    checked: float  # when Django last said that it is so
    size: int

    @property
    def version(self) -> tuple[int, str]:
        page = next(iter(self.pages.values()))
        return page.status, page.etag


class PageCache:
    """All threads of one process share it."""

    def __init__(self, most: int = MOST, most_of_queries: int = MOST_OF_QUERIES) -> None:
        self._lock = Lock()
        self._plain, self._queries = _Shelf(most - most_of_queries), _Shelf(most_of_queries)
        self._needed = float("-inf")  # when somebody last needed a page
        self._well = 0.0  # when Django last answered, and nobody had needed one

    def learn(self, address: Address, status: int, headers: Fields, body: bytes, names: frozenset[str]) -> None:
        """Take note of what Django has answered to a GET; `names` are the headers of the request, in lower case."""
        page = page_of(status, headers, body) if status in KEPT else None
        if page and page.varies & names:
            return
        if page is None and status != 304:
            # Of one person, perhaps, and strangers still get the page.
            is_of_all = status in REMOVED or (status in KEPT and not names & CREDENTIALS)
            if not is_of_all:
                return
        now = time.monotonic()
        with self._lock:
            if now - self._needed > QUIET:
                self._well = now
            shelf = self._shelf(address)
            if page:
                shelf.put(address, page)
            elif status == 304:
                etag = next((value for name, value in headers if name.lower() == "etag"), "")
                shelf.check(address, etag.removeprefix("W/"))
            else:
                shelf.drop(address)

    def find(self, address: Address) -> Entry | None:
        """Return what may be shown at an address where Django cannot answer."""
        now = time.monotonic()
        with self._lock:
            self._needed = now
            entry = self._shelf(address).find(address)
            return entry if entry and entry.checked > max(self._well - UNASKED, now - OLDEST) else None

    def _shelf(self, address: Address) -> _Shelf:
        return self._queries if address.query else self._plain

    @property
    def size(self) -> int:
        return self._plain.size + self._queries.size


class _Shelf:
    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self._entries: OrderedDict[Address, Entry] = OrderedDict()

    def find(self, address: Address) -> Entry | None:
        if entry := self._entries.get(address):
            self._entries.move_to_end(address)
        return entry

    def put(self, address: Address, page: Page) -> None:
        """Keep a page. Those of another version go: they may show what has been taken down since."""
        old = self._entries.pop(address, None)
        pages = dict(old.pages) if old and old.version == (page.status, page.etag) and page.etag else {}
        pages[page.coding] = page
        entry = Entry(pages, time.monotonic(), sum(len(each.body) + OVERHEAD for each in pages.values()))
        self._entries[address] = entry
        self.size += entry.size - (old.size if old else 0)
        while self.size > self.most:
            self.drop(next(iter(self._entries)))

    def check(self, address: Address, etag: str) -> None:
        """The reader's copy is good: so is ours if it is the same, and no longer if it is not."""
        if entry := self._entries.get(address):
            if entry.version[1] == etag:
                entry.checked = time.monotonic()
                self._entries.move_to_end(address)
            else:
                self.drop(address)

    def drop(self, address: Address) -> None:
        if entry := self._entries.pop(address, None):
            self.size -= entry.size
