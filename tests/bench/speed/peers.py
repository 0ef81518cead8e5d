"""Other systems that somebody has set up on this machine: WordPress, django-comments-xtd and the like.

A file of JSON says where they are; `--peers` reads `var/bench/peers.json` unless another one is named:

    [{"name": "WordPress", "port": 8101, "pids": ["/run/php-fpm.pid", "/run/mysqld/mysqld.pid"],
      "pages": {"50": "/?p=1", "1000": "/?p=2"},
      "rest": "/?rest_route=/wp/v2/comments&post=1&per_page=50",
      "post": {"path": "/wp-comments-post.php", "expect": [302],
               "bodies": ["comment_post_ID=5&author=A{number}&email=a{number}@example.com&comment={text}"]},
      "mixed": {"page": "/?p=2", "body": "comment_post_ID=2&author=A{number}&email=a{number}@example.com&comment={text}"},
      "stored": ["mariadb", "-N", "wordpress", "-e", "SELECT COUNT(*) FROM wp_comments"],
      "database": "postgres://postgres@127.0.0.1/other"}]

`pids` are process ids or files that hold them: of every process tree of the stack, its database included. Of a
PostgreSQL that others use as well, `database` is the address instead, and its connections' processes count. A post goes
to one of `bodies` by chance. `stored` prints how many comments there are: what was accepted must have been stored. All
but `name`, `port` and `pids` may be left out. Load the same comments there, and put its own limits off, as `data.py` and
`inside/fill.py` do here.
"""

from __future__ import annotations

import json
import random
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.speed import processes
from tests.bench.speed.data import WORDS
from tests.bench.speed.load import Request
from tests.bench.speed.rows import Row

HELP = "Measure other systems as well, which a file describes (tests/bench/speed/peers.py says how)."


@dataclass
class Peer:
    """A system that is measured like a site, as far as that goes: it is neither started nor stopped."""

    given: dict[str, Any]

    @property
    def label(self) -> str:
        return str(self.given["name"])

    @property
    def port(self) -> int:
        return int(self.given["port"])

    def used(self, role: str) -> processes.Used:
        if role != "web":
            return {}
        trees = [pid for named in self.given["pids"] for pid in processes.family(_pid(named))]
        return processes.used([*trees, *self._backends()])

    def _backends(self) -> list[int]:
        if "database" not in self.given:
            return []
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with psycopg.connect(self.given["database"], connect_timeout=5) as connection:
            return [pid for (pid,) in connection.execute(asked)]

    def stored(self) -> int | None:
        """Return how many comments there are; None where nobody has said how to tell."""
        if "stored" not in self.given:
            return None
        return int(subprocess.run(self.given["stored"], capture_output=True, text=True, check=True).stdout)

    def settle(self, role: str = "web") -> None:
        processes.settle(lambda: self.used(role))

    def page(self, path: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=dict(self._headers()))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def rows(self) -> Iterator[Row]:
        pages, post = self.given.get("pages", {}), self.given.get("post")
        for size, path in pages.items():
            yield Row(f"article-{size}", "", self._asked(lambda path=path: self._page(path)))
        if "rest" in self.given:
            yield Row("rest-comments", "", self._asked(lambda: self._page(self.given["rest"])))
        if post:
            for name, at_once in (("post", 1), ("post-16", 16)):
                yield Row(
                    name, "", self._asked(lambda: self._post(random.choice(post["bodies"]))), at_once, writes=True
                )
        if post and "mixed" in self.given:
            yield Row("mixed-16", "", self._asked(self._mixed), 16, writes=True)

    def _asked(self, make: Callable[[], Request]) -> Callable[[], Iterator[Request]]:
        def requests() -> Iterator[Request]:
            while True:
                yield make()

        return requests

    def _page(self, path: str) -> Request:
        return Request(path, headers=self._headers(), kind="read")

    def _mixed(self) -> Request:
        mixed = self.given["mixed"]
        return self._post(mixed["body"]) if random.random() < 0.05 else self._page(mixed["page"])

    def _post(self, body: str) -> Request:
        post, number = self.given["post"], random.getrandbits(60)
        text = f"{number} " + " ".join(random.choices(WORDS, k=60))
        kind = ("Content-Type", post.get("type", "application/x-www-form-urlencoded"))
        body = body.replace("{text}", text.replace(" ", "+")).replace("{number}", str(number))
        return Request(post["path"], "POST", (*self._headers(), kind), body.encode(), tuple(post["expect"]), "post")

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.given.get("headers", {}).items())


def of(file: Path) -> list[Peer]:
    """Return the peers that a file describes; none where there is no file."""
    return [Peer(given) for given in json.loads(file.read_text())] if file.exists() else []


def _pid(named: str | int) -> int:
    return int(named) if str(named).isdigit() else int(Path(named).read_text().split()[0])
