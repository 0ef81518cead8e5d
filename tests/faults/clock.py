"""A clock that is set back one hour under a running site, by Debian's `faketime`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.faults.load import ask
from tests.faults.scene import Scene

BACK = 3600  # seconds
LONGEST = 60  # seconds that somebody may be asked to wait: the longest pause that the site knows
NETWORK = "203.0.113.77"


def find_library() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


@contextmanager
def movable(scene: Scene) -> Iterator[None]:
    """Run the site under a clock that a file moves."""
    library, offset = find_library(), _file(scene)
    assert library is not None
    offset.write_text("+0")
    scene.site.stop()
    scene.site.start(
        LD_PRELOAD=str(library),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        NO_FAKE_STAT="1",
        PYTHONPATH=str(Path(__file__).parent / "sleeping"),
    )
    yield
    scene.site.stop()
    scene.site.start()


@contextmanager
def set_back(scene: Scene) -> Iterator[None]:
    """Move it back, and leave it there. Before and after, somebody posts too often."""
    _post_too_often(scene, "before")
    _file(scene).write_text(f"-{BACK}")
    time.sleep(1.5)  # until every process has looked
    _post_too_often(scene, "after")
    yield
    _post_too_often(scene, "some time after")


def _file(scene: Scene) -> Path:
    return scene.stand.folder / "clock"


def _post_too_often(scene: Scene, when: str) -> None:
    for number in range(6):
        fields = {"text": f"Again {number}, {when}", "name": "Bo", "email": "bo@example.org"}
        status, headers, _body = ask(
            scene.site.port, "POST", f"/articles/{scene.site.articles[0]}/reply/", urlencode(fields),
            Content_Type="application/x-www-form-urlencoded", X_Forwarded_For=NETWORK,
        )  # fmt: skip
        if status not in {303, 429, 503}:
            scene.books.find(f"{when} the clock was set back a post was answered {status}")
        if status == 429 and int(headers["Retry-After"]) > LONGEST:
            scene.books.find(f"{when} the clock was set back: Retry-After {headers['Retry-After']}")
            return
