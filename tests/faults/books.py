"""The books of a load: what was sent, how it was answered and when, and what should be there in the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

READ, REST, POST, PICTURE = "read", "rest", "post", "picture"


@dataclass(frozen=True)
class Answer:
    kind: str
    path: str
    began: float  # by the monotonic clock
    took: float  # seconds
    status: int

    @property
    def ended(self) -> float:
        return self.began + self.took


@dataclass
class Books:
    answers: list[Answer] = field(default_factory=list)
    open: dict[str, float] = field(default_factory=dict)  # text -> when it was first sent; without success so far
    accepted: set[str] = field(default_factory=set)  # texts that were answered with success
    written_to: list[str] = field(default_factory=list)  # who should get one mail each, besides those of the outbox
    findings: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, path: str, began: float, status: int) -> None:
        with self._lock:
            self.answers.append(Answer(kind, path, began, time.monotonic() - began, status))

    def find(self, what: str) -> None:
        with self._lock:
            if what not in self.findings:
                self.findings.append(what)

    def begin(self, text: str) -> None:
        with self._lock:
            self.open[text] = time.monotonic()

    def accept(self, text: str) -> None:
        with self._lock:
            self.accepted.add(text)
            del self.open[text]

    def since(self, moment: float, *kinds: str) -> list[Answer]:
        """Return the answers of these kinds that were given after a moment."""
        with self._lock:
            return [answer for answer in self.answers if answer.kind in kinds and answer.ended >= moment]


def tally(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def longest(answers: list[Answer]) -> Answer:
    """Return the one that took longest."""
    return max(answers, key=lambda answer: answer.took, default=Answer("", "", 0.0, 0.0, 0))
