"""The last good answer of each public address, bounded in bytes; what was not asked for longest goes first.

What may enter is said in `newsreader.front.pages`. What is known to hold is answered from here at once (`lane`); the
rest is for when Django cannot answer (`stale`).

Another good answer replaces a page, and "not found" or "gone" removes it. A page that says what it depends on goes as
soon as an article of it, or the site, is known to have another version: `outdated` is told every few seconds. Of others
nothing is known, so one that had not been asked for within an hour when the fault began is not shown.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock

from newsreader.front.answers import Answer
from newsreader.front.pages import CREDENTIALS, KEPT, Address, Page, own_left_out, page_of
from newsreader.front.versions_now import Versions
from newsreader.kit.depends import LISTS, Depends

MOST = 64 * 1024 * 1024  # bytes in one process
MOST_OF_QUERIES = MOST // 4  # of it, for addresses with a query: anybody can make up as many as they like
UNASKED = 60 * 60  # seconds between the time a page was last found to be good and the beginning of the fault
OLDEST = 24 * 60 * 60  # seconds since then in all
QUIET = 60  # seconds: if nobody needed a page for so long, the fault is over
OVERHEAD = 4096  # bytes counted for an answer besides its body: its headers and its address
SHOWN = ("Cache-Status", "newsreader; hit")  # how an answer of the fast lane says so

REMOVED = frozenset({404, 410})


@dataclass(slots=True)
class Entry:
    """One address: its page in each encoding that was asked for, all of the same version."""

    pages: dict[str, Page]
    checked: float  # when it was last known to be so
    size: int
    depends: Depends | None = None  # None: only for when Django cannot answer
    view: str = ""
    told: float = 0.0  # when Django last said that it is so
    asked: tuple[Hashable, ...] = ()  # the versions of which are asked for
    wanted: float = 0.0  # when a reader last asked for it
    # What the fast lane answers, by the encoding that is asked for, which Django may have found not worth the while.
    finished: dict[str, Answer] = field(default_factory=dict)
    unmodified: dict[str, Answer] = field(default_factory=dict)

    @property
    def version(self) -> tuple[int, str]:
        page = next(iter(self.pages.values()))
        return page.status, page.etag

    @property
    def etag(self) -> str:
        return self.version[1]

    @property
    def changed_at(self) -> str:
        """Its `Last-Modified`; empty where it has none."""
        page = next(iter(self.pages.values()))
        return next((value for name, value in page.headers if name.lower() == "last-modified"), "")

    def depend(self, depends: Depends | None, view: str) -> None:
        """Note what Django has just said."""
        self.checked = self.told = time.monotonic()
        self.depends, self.view = depends, view
        self.asked = depends.asked if depends else ()


class PageCache:
    """All threads of one process share it."""

    def __init__(self, most: int = MOST, most_of_queries: int = MOST_OF_QUERIES) -> None:
        self._lock = Lock()
        self._plain, self._queries = _Shelf(most - most_of_queries), _Shelf(most_of_queries)
        self._needed = float("-inf")  # when somebody last needed a page
        self._well = 0.0  # when Django last answered, and nobody had needed one
        self._unwatched: list[tuple[Address, Entry]] = []  # that `some` has still to return

    def learn(
        self,
        address: Address,
        answer: Answer,
        names: frozenset[str],
        asked: str | None = None,
        view: str = "",
        *,
        wanted: float | None = None,
    ) -> None:
        """Take note of what Django has answered to a GET; `names` are the headers of the request, in lower case.

        It is for all addresses with the same page (`Address.counted`), but a redirect may look at the whole query.
        `asked`: the encoding that it asked for (`identity`: none). A body that is no bytes is no page. `wanted`: when a
        reader asked for it; None: now.
        """
        status, headers, body, depends = answer
        page = page_of(status, headers, body) if status in KEPT and isinstance(body, bytes) else None
        if page and page.varies & names:
            return
        if page is None and status != 304:
            # Of one person, perhaps, and strangers still get the page.
            is_of_all = status in REMOVED or (status in KEPT and not names & CREDENTIALS)
            if not is_of_all:
                return
        of_page, now = address.counted, time.monotonic()
        if page and page.status != 200 and of_page != address:
            return
        address = of_page
        with self._lock:
            if now - self._needed > QUIET:
                self._well = now
            shelf = self._shelf(address)
            if page:
                entry = shelf.put(address, page)
                entry.wanted = now if wanted is None else wanted
                entry.depend(None if page.varies or page.status != 200 else depends, view)
                if entry.depends and asked is not None and page.coding in {"", asked}:
                    entry.finished[asked] = Answer(200, [*page.headers, SHOWN], page.body)
            elif status == 304:
                etag = next((value for name, value in headers if name.lower() == "etag"), "")
                checked = shelf.check(address, etag.removeprefix("W/"))
                if checked and depends and asked is not None:
                    checked.depend(depends, view)
                    checked.unmodified[asked] = Answer(304, [*own_left_out(headers), SHOWN], b"")
            else:
                shelf.drop(address)

    def find(self, address: Address) -> Entry | None:
        """Return what may be shown at an address where Django cannot answer.

        Nothing to who has just posted: what is kept may be older than that comment.
        """
        if address.is_after_posting:
            return None
        of_page, now = address.counted, time.monotonic()
        with self._lock:
            self._needed = now
            entry = self._shelf(of_page).find(of_page)
            if entry and entry.version[0] != 200 and of_page != address:
                return None
            return entry if entry and entry.checked > max(self._well - UNASKED, now - OLDEST) else None

    def kept(self, address: Address, *, by_reader: bool = True) -> Entry | None:
        """Return what is kept for an address, whether it still holds or not. `by_reader`: a reader asks for it."""
        with self._lock:
            if not by_reader:
                return self._shelf(address).entries.get(address)
            if entry := self._shelf(address).find(address):
                entry.wanted = time.monotonic()
            return entry

    def some(self, most: int) -> list[tuple[Address, Entry]]:
        """Return the next so many pages that say what they depend on, and after the last the first again."""
        with self._lock:
            if not self._unwatched:
                both = (*self._plain.entries.items(), *self._queries.entries.items())
                self._unwatched = [one for one in both if one[1].depends]
            taken, self._unwatched = self._unwatched[:most], self._unwatched[most:]
            return taken

    def outdated(self, address: Address, entry: Entry, now: Versions) -> bool:
        """Say whether a page is of other versions than these, which are of now, and forget it then.

        That there are other articles in lists is no reason: what Django answers next will replace it.
        """
        if entry.depends is None:
            return False
        if all(now.get(of) == version for of, version in entry.depends.versions if of != LISTS):
            return False
        with self._lock:
            shelf = self._shelf(address)
            if shelf.entries.get(address) is not entry:
                return False  # Replaced since.
            shelf.drop(address)
        return True

    def _shelf(self, address: Address) -> _Shelf:
        return self._queries if address.query else self._plain

    @property
    def size(self) -> int:
        return self._plain.size + self._queries.size


class _Shelf:
    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self.entries: OrderedDict[Address, Entry] = OrderedDict()

    def find(self, address: Address) -> Entry | None:
        if entry := self.entries.get(address):
            self.entries.move_to_end(address)
        return entry

    def put(self, address: Address, page: Page) -> Entry:
        """Keep a page. Those of another version go: they may show what has been taken down since."""
        old = self.entries.pop(address, None)
        same = old if old and old.version == (page.status, page.etag) and page.etag else None
        pages = (same.pages if same else {}) | {page.coding: page}
        entry = Entry(pages, time.monotonic(), sum(len(each.body) + OVERHEAD for each in pages.values()))
        if same:
            entry.finished, entry.unmodified = dict(same.finished), dict(same.unmodified)
        self.entries[address] = entry
        self.size += entry.size - (old.size if old else 0)
        while self.size > self.most:
            self.drop(next(iter(self.entries)))
        return entry

    def check(self, address: Address, etag: str) -> Entry | None:
        """The reader's copy is good: so is ours if it is the same, which is returned, and no longer if it is not."""
        entry = self.entries.get(address)
        if entry and entry.version[1] == etag:
            entry.checked = time.monotonic()
            self.entries.move_to_end(address)
            return entry
        self.drop(address)
        return None

    def drop(self, address: Address) -> None:
        if entry := self.entries.pop(address, None):
            self.size -= entry.size
