"""Interleaved rounds: each row on every site in turn, so that what else the machine does meets all alike."""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.bench.speed import limits, processes
from tests.bench.speed.load import Answers, Request, run
from tests.bench.speed.rows import Row
from tests.bench.speed.sites import Site

WARM = 0.3  # seconds that are not counted, before the first round
EACH = 16  # connections of these, so that every process has its share
KEEP = 0.05  # seconds before each round of a page that is kept
IDLE = 3.0  # seconds in which the worker is watched while there is nothing to do
POLLS = 1.2  # seconds after which the worker has seen what a round left it
SHOWN = re.compile(rb'id="c(?:omment-)?\d')  # ours and WordPress's, and that of django-comments-xtd
BUSY = 0.85  # of a processor: from there on the generator of the load may be what limits the rate

Plan = dict[str, list[tuple[Row, Site]]]  # the name of a row, and where it is asked


@dataclass
class Figures:
    """What the rounds of one row on one site came to."""

    milliseconds: list[float] = field(default_factory=list)  # of processor time, per answered request
    worker: list[float] = field(default_factory=list)  # the same of the worker, besides
    rates: list[float] = field(default_factory=list)  # answers a second
    busy: list[float] = field(default_factory=list)  # how much of a processor the generator of the load took
    times: list[float] = field(default_factory=list)  # milliseconds on the clock
    wrong: Counter[str] = field(default_factory=Counter)
    size: int = 0
    shown: int = 0  # comments on the page

    def note(self, answers: Answers, spent: float) -> None:
        self.milliseconds.append(spent / max(1, answers.count))
        self.rates.append(answers.right / answers.seconds)
        self.busy.append(answers.own / answers.seconds)
        self.times += answers.times
        self.wrong += answers.wrong
        self.size = answers.size

    def medians(self) -> dict[str, Any]:
        ordered = sorted(self.times) or [0.0]
        return {
            "ms": statistics.median(self.milliseconds),
            "worker_ms": statistics.median(self.worker) if self.worker else None,
            "rate": statistics.median(self.rates),
            "at_least": bool(self.busy) and statistics.median(self.busy) > BUSY,
            "p50": statistics.median(ordered),
            "p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
            "bytes": self.size,
            "shown": self.shown,
            "wrong": dict(self.wrong),
        }


Measured = dict[str, dict[str, Figures]]  # by row or limit, then by site


def rounds(plan: Plan, sites: list[Site], seconds: float, number: int, say: Callable[[str], None]) -> Measured:
    """Measure rows on sites, and the machine's limits beside each site of this checkout, in so many rounds."""
    found: Measured = defaultdict(lambda: defaultdict(Figures))
    own = [site for site in sites if site.checkout.label == "here"]
    servers = [limits.Server(kind, site) for site in own for kind in limits.KINDS]
    try:
        for server in servers:
            server.start()
        for site in sites:
            site.settle()
            site.settle("worker")
        idle = _idle(sites)
        for turn in range(number):
            say(f"round {turn + 1} of {number}")
            for name, (kind, path, at_once, _) in limits.LIMITS.items():
                for server in (server for server in servers if server.kind == kind):
                    figures = found[name][server.site.label]
                    _limit(figures, server, path, at_once, seconds / 2)
            for site in own:
                _commits(found["commit"][site.label], site, seconds / 2)
            for name, asked in plan.items():
                for row, site in asked if turn % 2 == 0 else reversed(asked):
                    _round(found[name][site.label], row, site, seconds, idle.get(site.label, 0.0))
    finally:
        for server in servers:
            server.stop()
    return found


def _idle(sites: list[Site]) -> dict[str, float]:
    """Return the milliseconds a second that each site's worker uses for looking whether there is something to do."""
    before = {site.label: site.used("worker") for site in sites}
    time.sleep(IDLE if sites else 0)
    return {site.label: processes.between(before[site.label], site.used("worker")) / IDLE for site in sites}


def _limit(figures: Figures, server: limits.Server, path: str, at_once: int, seconds: float) -> None:
    if not figures.rates:
        run(server.port, limits.asked(path), EACH, WARM)
    before = server.used()
    answers = run(server.port, limits.asked(path), at_once, seconds)
    figures.note(answers, processes.between(before, server.used()))


def _commits(figures: Figures, site: Site, seconds: float) -> None:
    milliseconds, rate = limits.commits(site, seconds)
    figures.milliseconds.append(milliseconds)
    figures.rates.append(rate)


def _round(figures: Figures, row: Row, site: Site, seconds: float, idle: float) -> None:
    """Measure a row once. Its first round is preceded by one that does not count."""
    etag = site.etag(next(iter(row.requests())).path) if row.name == "304" else ""

    def requests() -> Iterator[Request]:
        for request in row.requests():
            if etag:
                request = replace(request, headers=(*request.headers, ("If-None-Match", etag)), expect=(304,))
            yield request

    def change() -> None:
        for statement in row.anew:
            site.database.execute(statement)

    if not figures.rates:
        run(site.port, requests(), EACH, WARM, change)
        if row.name.startswith("article"):
            figures.shown = len(SHOWN.findall(site.page(next(requests()).path)))
    elif row.kept:
        run(site.port, requests(), EACH, KEEP)
    size = site.database.size() if row.tells_worker else 0
    stored = site.stored() if row.writes else None
    before, worker, began = site.used("web"), site.used("worker"), time.perf_counter()
    answers = run(site.port, requests(), row.at_once, seconds, change)
    figures.note(answers, processes.between(before, site.used("web")))
    if row.anew and answers.etags[0] and answers.etags[0] == answers.etags[1]:
        figures.wrong["not made anew"] += 1
    if stored is not None and (lost := answers.kinds["post"] - (site.stored() - stored)):
        figures.wrong["accepted, not stored"] += lost
    if row.tells_worker:
        time.sleep(POLLS)
        site.settle("worker")
        left = processes.between(worker, site.used("worker")) - idle * (time.perf_counter() - began)
        figures.worker.append(max(0.0, left) / max(1, answers.count))
        if row.name == "post-16":
            site.growth.append((site.database.size() - size) / max(1, answers.right))
    if row.writes or row.at_once > 1:
        site.settle()
        site.settle("worker")
