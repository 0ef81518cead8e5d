"""The table: a line for each fault, as soon as it is over."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass

from tests.faults.ledger import Ledger
from tests.faults.limits import named

HEAD = (
    "fault",
    "readers",
    "REST",
    "longest",
    "posts",
    "longest",
    "words",
    "twice",
    "tasks",
    "mails",
    "well",
    "worked off",
)
WIDTHS = (22, 26, 18, 7, 26, 7, 5, 5, 5, 5, 6, 10)


@dataclass(frozen=True)
class Outcome:
    readers: Counter[int]
    programs: Counter[int]
    reader_wait: float
    posts: Counter[int]
    post_wait: float
    ledger: Ledger
    well: float | None  # seconds; None: never
    worked_off: float | None


def head() -> None:
    _say("All times in seconds. Answers are counted by status; words, tasks and mails are the lost ones, twice the")
    _say("doubled comments; well: until all was well after the end of the fault, worked off: until all tasks were done")
    _say("and all mails sent.\n")
    _line(HEAD)
    _line(tuple("-" * width for width in WIDTHS))


def line(name: str, outcome: Outcome, findings: list[str]) -> None:
    ledger = outcome.ledger
    _line((
        name,
        _counts(outcome.readers), _counts(outcome.programs), f"{outcome.reader_wait:.1f}",
        _counts(outcome.posts), f"{outcome.post_wait:.1f}",
        *map(str, (ledger.lost, ledger.doubled, ledger.tasks, ledger.mails)),
        _time(outcome.well), _time(outcome.worked_off),
    ))  # fmt: skip
    for finding in findings:
        _say(f"  FAILED: {finding}")


def note(name: str, what: str) -> None:
    _say(f"{name:{WIDTHS[0]}}  {what}")


def end(count: int, failed: list[str], skipped: list[str], seconds: float) -> None:
    _say(f"\n{count} faults in {seconds:.0f} s, {len(failed)} failed, {len(skipped)} skipped")
    for names, what in ((failed, "failed"), (skipped, "skipped")):
        if names:
            _say(f"{what}: {', '.join(names)}")


def _counts(counted: Counter[int]) -> str:
    return ", ".join(f"{times}× {named(status)}" for status, times in sorted(counted.items(), reverse=True)) or "–"


def _time(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f}"


def _line(cells: tuple[str, ...]) -> None:
    _say("  ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
