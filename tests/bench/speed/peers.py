"""Other systems that somebody has set up on this machine: WordPress, django-comments-xtd and the like.

A file of JSON says where they are; `--peers` reads `var/bench/peers.json` unless another one is named:

    [{"name": "WordPress", "port": 8101, "pids": ["/run/php-fpm.pid", "/run/mysqld/mysqld.pid"],
      "pages": {"50": "/?p=1", "1000": "/?p=2"},
      "post": {"path": "/wp-comments-post.php", "body": "comment_post_ID=3&author=A&email=a@example.com&comment={text}",
               "expect": [302]}}]

`pids` are process ids or files that hold them: of every process tree of the stack, its database included. Load the same
comments there, and put its own limits off, as `data.py` and `inside/fill.py` do here.
"""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        trees = [pid for named in self.given["pids"] for pid in processes.family(_pid(named))] if role == "web" else []
        return processes.used(trees)

    def settle(self, role: str = "web") -> None:
        processes.settle(lambda: self.used(role))

    def page(self, path: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=dict(self._headers()))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def rows(self) -> Iterator[Row]:
        for size, path in self.given.get("pages", {}).items():
            yield Row(f"article-{size}", "", self._asked(lambda path=path: Request(path, headers=self._headers())))
        if "post" in self.given:
            for name, at_once in (("post", 1), ("post-16", 16)):
                yield Row(name, "", self._asked(self._post), at_once)

    def _asked(self, make: Callable[[], Request]) -> Callable[[], Iterator[Request]]:
        def requests() -> Iterator[Request]:
            while True:
                yield make()

        return requests

    def _post(self) -> Request:
        post = self.given["post"]
        text = f"{random.getrandbits(60)} " + " ".join(random.choices(WORDS, k=60))
        kind = ("Content-Type", post.get("type", "application/x-www-form-urlencoded"))
        body = post["body"].replace("{text}", text.replace(" ", "+"))
        return Request(post["path"], "POST", (*self._headers(), kind), body.encode(), tuple(post["expect"]), "post")

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.given.get("headers", {}).items())


def of(file: Path) -> list[Peer]:
    """Return the peers that a file describes; none where there is no file."""
    return [Peer(given) for given in json.loads(file.read_text())] if file.exists() else []


def _pid(named: str | int) -> int:
    return int(named) if str(named).isdigit() else int(Path(named).read_text().split()[0])
