"""The rows of the table: what is asked of a site, how often at once, and the goal.

To add one: a `Row` in `rows`. Goals are in units for SQLite and PostgreSQL, for web processes and database.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count, cycle
from typing import Any
from urllib.parse import urlencode

from tests.bench.speed.data import WORDS
from tests.bench.speed.load import Request

CSRF = "c" * 32
LINKS = "https://a.example/ https://b.example/"  # So many are held on a site whose settings nobody has changed.
# Raising a version makes the pages anew that show it (docs/contract.md, section 7). REST answers have ETags of their
# bytes, so there something that they show is changed as well: that the ETag follows shows that nothing was kept.
ARTICLE = "UPDATE articles_article SET page_version = page_version + 1 WHERE id = {}"
SITE = "UPDATE articles_site SET page_version = page_version + 1 WHERE id = 1"
NAME = "UPDATE comments_comment SET name = 'Reader ' || (SELECT page_version FROM articles_article WHERE id = 1) WHERE id = 1"
HEADLINE = "UPDATE articles_article SET headline = 'Ferry ' || page_version WHERE id = {}"
Requests = Iterable[Request]


@dataclass(frozen=True)
class Row:
    """`anew` are statements that run before each request, so that the answer must be made anew."""

    name: str
    says: str
    requests: Callable[[], Requests]
    at_once: int = 1
    anew: tuple[str, ...] = ()
    goal: tuple[float, float] | None = None
    kept: bool = False  # The page is made before the round: another row has changed it since.
    writes: bool = False  # It leaves work behind: what comes next waits until that is done.
    tells_worker: bool = False  # What the worker has to do for it is told besides.
    whole: float | None = None  # the goal for both together, on either database
    limit: str = ""  # which of the machine's limits it comes closest to, by the names of `limits.py`


def rows(world: dict[str, Any], sizes: list[int]) -> list[Row]:
    """Return all rows for a site with these rows in its database."""
    ask = _Asker(world)
    newest = len(world["articles"])
    listed = (ARTICLE.format(newest), HEADLINE.format(newest), SITE)
    kept, made, posted, small = (0.06, 0.12), (1.5, 1.8), (1.6, 2.0), world["small"]
    found = [
        Row(
            f"article-{size}",
            f"article page, {size:,} comments, made anew",
            ask.page(number),
            1,
            (ARTICLE.format(number),),
            made,
            limit="template",
        )
        for number, size in enumerate(sizes, 1)
    ]
    return [
        *found,
        Row("unchanged", "article page, 50 comments, unchanged", ask.page(1), goal=kept, kept=True, limit="constant"),
        Row(
            "unchanged-16",
            "article page, unchanged, 16 at once",
            ask.page(1),
            16,
            goal=kept,
            kept=True,
            limit="constant-16",
        ),
        Row(
            "304", "article page, 304", ask.page(1), goal=kept, kept=True, limit="constant"
        ),  # `measure.py` adds the ETag.
        Row("front-anew", "front page, made anew", ask.get("/"), 1, (SITE,), (1.5, 1.8)),
        Row("front", "front page, unchanged", ask.get("/"), goal=kept, kept=True, limit="constant"),
        Row("section-anew", "section, made anew", ask.get(world["section"]), 1, (SITE,), (1.5, 1.8)),
        Row("search-anew", "search, made anew", ask.get("/search/?q=council"), 1, (SITE,), (1.5, 1.8)),
        Row("missing", "404", ask.missing, goal=(1.5, 1.8)),
        Row("feed", "feed, unchanged", ask.get("/feed/"), goal=kept, kept=True, limit="constant"),
        Row(
            "rest-comments",
            "REST, first page of comments, made anew",
            ask.comments,
            1,
            (ARTICLE.format(1), NAME),
            (0.6, 0.7),
            limit="rows",
        ),
        Row(
            "rest-articles",
            "REST, articles, made anew",
            ask.get("/api/v1/articles/"),
            1,
            listed,
            (0.9, 1.1),
            limit="rows",
        ),
        Row("permalink", "permanent address of a comment", ask.permalinks, goal=(0.6, 0.7), limit="row"),
        Row("you", "`/you/` of a guest", ask.get(f"/articles/{ask.first}/you/"), goal=(0.6, 0.7), limit="row"),
        Row(
            "post",
            "post by a guest, over many articles",
            ask.posts(small),
            goal=posted,
            writes=True,
            tells_worker=True,
            whole=3.0,
            limit="commit",
        ),
        Row(
            "post-16",
            "post by a guest, over many articles, 16 at once",
            ask.posts(small),
            16,
            (),
            posted,
            writes=True,
            tells_worker=True,
            whole=3.0,
            limit="commit",
        ),
        Row(
            "post-held",
            "post that is held, a moderator is told",
            ask.posts(small, LINKS),
            1,
            (),
            posted,
            writes=True,
            tells_worker=True,
            whole=3.0,
            limit="commit",
        ),
        Row(
            "post-one-16",
            "post by a guest, all under one article, 16 at once",
            ask.posts(small[:1]),
            16,
            writes=True,
            limit="commit",
        ),
        Row("mixed-16", "95 pages, 5 posts, 16 at once", ask.mixed, 16, writes=True),
        Row("decide", "a moderator decides over REST", ask.decisions, goal=posted, writes=True, limit="commit"),
        Row("edit", "its author changes a comment over REST", ask.edits, goal=posted, writes=True, limit="commit"),
        Row("report", "a guest reports a comment over REST", ask.reports, writes=True, limit="commit"),
    ]


class _Asker:
    """Makes requests to a site, each from another network, since one alone would meet limits."""

    def __init__(self, world: dict[str, Any]):
        self.world, self.first = world, 1
        self.chance = random.Random()
        first, last = world["waiting"]
        self.unreported = cycle(range(1, first))
        self.undecided = ((status, pk) for status in _turns() for pk in range(first, last))

    def get(self, path: str) -> Callable[[], Iterator[Request]]:
        def requests() -> Iterator[Request]:
            while True:
                yield Request(path, headers=self._from())

        return requests

    def page(self, number: int) -> Callable[[], Iterator[Request]]:
        return self.get(self.world["articles"][str(number)][0])

    def comments(self) -> Iterator[Request]:
        return self.get(f"/api/v1/articles/{self.first}/comments/")()

    def missing(self) -> Iterator[Request]:
        while True:
            yield Request(f"/2025/01/01/no-such-{self.chance.random()}/", headers=self._from(), expect=(404,))

    def permalinks(self) -> Iterator[Request]:
        last = self.world["waiting"][0] - 1
        while True:
            yield Request(f"/comments/{self.chance.randint(1, last)}/", headers=self._from(), expect=(302,))

    def posts(self, articles: list[int], more: str = "") -> Callable[[], Iterator[Request]]:
        def requests() -> Iterator[Request]:
            while True:
                yield self._post(self.chance.choice(articles), more)

        return requests

    def mixed(self) -> Iterator[Request]:
        pages = self.page(2)()
        while True:
            yield self._post(2) if self.chance.random() < 0.05 else replace(next(pages), kind="read")

    def decisions(self) -> Iterator[Request]:
        for status, pk in self.undecided:
            session = self.chance.choice(self.world["sessions"])
            yield Request(
                f"/api/v1/comments/{pk}/decisions/",
                "POST",
                _signed_in(session) + self._from(),
                json.dumps({"status": status}).encode(),
                (200, 201),
                "decide",
            )

    def edits(self) -> Iterator[Request]:
        """Each by its author, another one each time: a comment may be changed twenty times."""
        turns = [(session, cycle(keys)) for session, keys in self.world["own"]]
        for session, keys in cycle(turns):
            text = " ".join(self.chance.choices(WORDS, k=self.chance.randint(20, 110)))
            yield Request(
                f"/api/v1/comments/{next(keys)}/", "PATCH", _signed_in(session) + self._from(),
                json.dumps({"text": text}).encode(), (200,), "edit",
            )  # fmt: skip

    def reports(self) -> Iterator[Request]:
        """Each of another comment, since several about one would hold it."""
        kind, body = ("Content-Type", "application/json"), json.dumps({"reason": "spam"}).encode()
        for pk in self.unreported:
            yield Request(f"/api/v1/comments/{pk}/flag/", "POST", (kind, *self._from()), body, (201,), "report")

    def _post(self, article: int, more: str = "") -> Request:
        number = self.chance.getrandbits(60)
        fields = {
            "text": f"{number} {more} " + " ".join(self.chance.choices(WORDS, k=self.chance.randint(20, 110))),
            "name": f"Guest {number % 10_000}",
            "email": f"guest{number}@example.com",
        }
        kind = ("Content-Type", "application/x-www-form-urlencoded")
        body = urlencode(fields).encode()
        return Request(f"/articles/{article}/reply/", "POST", (kind, *self._from()), body, (303,), "post")

    def _from(self) -> tuple[tuple[str, str], ...]:
        hops = (self.chance.randint(20, 90), *(self.chance.randint(0, 250) for _ in range(3)))
        return (("X-Forwarded-For", ".".join(map(str, hops))),)


def _signed_in(session: str) -> tuple[tuple[str, str], ...]:
    cookies = f"sessionid={session}; csrftoken={CSRF}"
    return ("Content-Type", "application/json"), ("Cookie", cookies), ("X-CSRFToken", CSRF)


def _turns() -> Iterator[str]:
    for turn in count():
        yield "spam" if turn % 2 else "approved"
