"""A small load: readers of public pages and of REST, guests who post, and, where asked for, viewers of pictures.

A guest does what a browser's form does: whatever was answered with 503 or not at all is sent again, with the same key,
until it has an answer.
"""

from __future__ import annotations

import html
import http.client
import itertools
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlencode

from tests.faults.books import PICTURE, POST, READ, REST, Books
from tests.faults.limits import LOST, REFUSED

READERS, PROGRAMS, POSTERS, VIEWERS = 3, 1, 3, 8
PAUSE = 0.3  # seconds between two pages of a reader
THINKING = 1.2  # seconds between two posts of a guest
LONGEST = 60  # seconds that a client waits
AGAIN = 2.0  # seconds at most until a guest sends again, whatever Retry-After asks for
SAYINGS = ("Fair winds", "A calm sea", "A lantern at the mole")  # The last waits for a moderator, who gets a mail.
_numbers = itertools.count(1)


def ask(
    port: int, method: str, path: str, body: str = "", timeout: float = LONGEST, **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    """Return status (or LOST, REFUSED), headers and body."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        line.connect()
    except OSError:
        return REFUSED, http.client.HTTPMessage(), ""
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"Connection": "close"}
        line.request(method, path, body or None, sent)
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return LOST, http.client.HTTPMessage(), ""
    finally:
        line.close()


class Load:
    """Runs from `start` to `finish`, which waits until every guest has an answer to the last post."""

    def __init__(self, port: int, articles: list[int], pages: list[str], pictures: list[str], books: Books) -> None:
        self.port, self.articles, self.pages, self.pictures, self.books = port, articles, pages, pictures, books
        self.done, self.given_up = threading.Event(), threading.Event()
        hands: list[Callable[[], None]] = [self.read] * READERS + [self.ask] * PROGRAMS + [self.post] * POSTERS
        if pictures:
            hands += [self.look] * VIEWERS
        self.threads = [threading.Thread(target=hand, daemon=True) for hand in hands]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def finish(self, seconds: float) -> None:
        self.done.set()
        until = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.given_up.set()

    def read(self) -> None:
        self._get(READ, self.pages, PAUSE)

    def ask(self) -> None:
        self._get(REST, [f"/api/v1/articles/{number}/comments/" for number in self.articles], PAUSE * 2)

    def look(self) -> None:
        self._get(PICTURE, self.pictures, PAUSE / 3)

    def _get(self, kind: str, paths: list[str], pause: float) -> None:
        while not self.done.wait(random.uniform(0.5, 1.5) * pause):
            began, path = time.monotonic(), random.choice(paths)
            status, _headers, _body = ask(self.port, "GET", path)
            self.books.note(kind, path, began, status)

    def post(self) -> None:
        while not self.done.wait(random.uniform(0.5, 1.5) * THINKING):
            number = next(_numbers)
            text = f"{random.choice(SAYINGS)}, number {number}."
            self.books.begin(text)
            while not self.post_once(text, number) and not self.given_up.wait(0.1):
                pass

    def post_once(self, text: str, number: int) -> bool:
        """Send a reply. Returns whether it was accepted."""
        began = time.monotonic()
        fields = {"text": text, "name": f"Ada {number}", "email": f"ada{number}@example.org", "key": f"k-{text}"[:64]}
        path = f"/articles/{self.articles[number % len(self.articles)]}/reply/"
        status, headers, body = ask(
            self.port, "POST", path, urlencode(fields),
            Content_Type="application/x-www-form-urlencoded",
            X_Forwarded_For=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        )  # fmt: skip
        self.books.note(POST, path, began, status)
        if status == 303:
            self.books.accept(text)
            return True
        wait = AGAIN
        if status == 503:
            if html.escape(text) not in body:
                self.books.find("a post was answered with 503 without its words")
            if not headers.get("Retry-After"):
                self.books.find("a post was answered with 503 without Retry-After")
            with suppress(ValueError):
                wait = min(wait, float(headers.get("Retry-After", "")))
        self.given_up.wait(random.uniform(0.5, 1) * wait)
        return False
