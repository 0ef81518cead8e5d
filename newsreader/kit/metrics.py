"""What is counted while the site runs, for `/metrics`: requests, the time of the database, posts, mails, tasks.

All processes of a host count into one folder, which `manage.py serve` makes in memory (`metrics_folder`). Each takes
one of the numbered places there and goes on where the last that had it stopped: there are as many files as there are
processes at once, however many have died. Without a folder a process counts for itself.

To add one, define it here with labels that have few values, and count it where it happens.
"""

from __future__ import annotations

import itertools
import logging
import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, multiprocess, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.registry import REGISTRY

from newsreader.kit.metrics_folder import FOLDER, lock

logger = logging.getLogger(__name__)


class _Place:
    """The number of this process's place in the folder; a fork takes one of its own."""

    def __init__(self) -> None:
        self.pid, self.number = 0, 0
        self._held = -1  # the lock's descriptor

    def __call__(self) -> int:
        if self.pid != os.getpid():
            if self._held >= 0:
                os.close(self._held)  # It is the parent's, whose place must be free once it has died.
            self.pid = os.getpid()
            self.number, self._held = _take_place(Path(os.environ[FOLDER]))
        return self.number


def _take_place(folder: Path) -> tuple[int, int]:
    """Return the number of a free place, and the descriptor of its lock."""
    for number in itertools.count():
        if (held := lock(folder / f"{number}.lock")) is not None:
            _remove_broken(folder.glob(f"*_{number}.db"))
            return number, held
    raise AssertionError


def _remove_broken(files: Iterable[Path]) -> None:
    """Let what cannot be read, such as another release's, keep no process from starting."""
    for file in files:
        with file.open("rb") as opened:
            begins = opened.read(4)
        try:
            if not 0 <= struct.unpack("i", begins)[0] <= file.stat().st_size:
                raise ValueError
            list(MmapedDict.read_all_values_from_file(file))
        except (RuntimeError, ValueError, struct.error):
            file.unlink()


def _count_together() -> None:
    """Count into the folder, if there is one. Before the first counter."""
    if not (folder := os.environ.get(FOLDER)):
        return
    place = _Place()
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        place()
    except OSError as fault:
        logger.warning("This process counts for itself: %s: %s", FOLDER, fault)
        del os.environ[FOLDER]
        values.ValueClass = values.MutexValue
        return
    values.ValueClass = values.MultiProcessValue(place)


def registry() -> CollectorRegistry:
    """Return what all processes of this host have counted."""
    if not os.environ.get(FOLDER):
        return REGISTRY
    found = CollectorRegistry()
    multiprocess.MultiProcessCollector(found)
    return found


_count_together()


class Times(Histogram):
    """A histogram that takes up many at once, which the library's cannot."""

    def observe_many(self, numbers: Sequence[int], whole: float) -> None:
        """Count so many for each bucket, the last of which is of what is longer than all; `whole`: their sum."""
        self._sum.inc(whole)
        for bucket, number in zip(self._buckets, numbers, strict=True):
            if number:
                bucket.inc(number)


BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds; nobody waits longer than about five

REQUESTS = Counter("newsreader_requests", "Requests answered", ["view", "method", "status"])
REQUEST_SECONDS = Times(
    "newsreader_request_seconds",
    "From a request's head to its answer, waiting for its body and for a thread included",
    ["view"],
    buckets=BUCKETS,
)
DATABASE_SECONDS = Counter(
    "newsreader_database_seconds", "Waiting for the database's answers, not for COMMIT", ["view"]
)
DATABASE_STATEMENTS = Counter("newsreader_database_statements", "Statements asked of the database", ["view"])
PAGES = Counter(
    "newsreader_pages",
    "Public pages: a finished one held (front); else Django found the visitor's copy current (not_modified) or one "
    "kept (hit), or rendered it (miss)",
    ["cache"],
)
POSTS = Counter(
    "newsreader_posts",
    "Replies by what became of them: a status, repeated, or the code of the refusal",
    ["channel", "outcome"],
)
MAILS = Counter("newsreader_mails", "Mails handed to the mail server, or not", ["letter", "outcome"])
ASKED_MAILS = Counter(
    "newsreader_asked_mails",
    "Mails that nobody signed in asked for: sent, or stopped by what is allowed to the address or from the network, or "
    "since the address gets none (suppressed)",
    ["outcome"],
)
CHAT_MESSAGES = Counter("newsreader_chat_messages", "Messages to chat rooms, and rooms switched off", ["outcome"])
TASKS = Counter("newsreader_tasks", "Background tasks that this host has run", ["task", "outcome"])
FORGOTTEN = Counter("newsreader_forgotten", "What retention has deleted or cut since it was too old", ["kind"])
JOBS_FAILED = Counter("newsreader_jobs_failed", "Runs of scheduled jobs that failed", ["name"])
