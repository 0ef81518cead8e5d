"""One fault from beginning to end: a load, the fault in the middle of it, and what came of it beside what may."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext

from tests.faults import ledger
from tests.faults.books import PICTURE, POST, READ, REST, Books, longest, tally
from tests.faults.ledger import is_worked_off
from tests.faults.limits import Limits, named
from tests.faults.load import Load
from tests.faults.ports import until
from tests.faults.scene import Fault, Scene
from tests.faults.site import Site
from tests.faults.stand import Stand
from tests.faults.table import Outcome

CALM = 2.0  # seconds of the load before the fault, and after all is well
PICTURES = frozenset({200, 503})  # how pictures may be answered while their storage is away


def play(fault: Fault, stand: Stand, *, short: bool, slack: float) -> tuple[Outcome, list[str]]:
    """Return what came of a fault, and what of it must not be. `slack`: how many times as long all may take."""
    assert stand.site is not None
    site, books, limits, calm = stand.site, Books(), fault.limits, CALM / 2 if short else CALM
    seconds = fault.short if short and fault.short is not None else fault.seconds
    scene = Scene(stand, site, books, seconds)
    load = Load(site.port, site.articles, site.pages, site.pictures if fault.pictures else [], books)
    with fault.around(scene) if fault.around else nullcontext():
        load.start()
        time.sleep(calm)
        struck = time.monotonic()
        with fault.strike(scene):
            time.sleep(seconds)
        watch = Watch(site, books)
        well = _took(watch.is_well, limits.well * slack * 2)
        time.sleep(calm)
        load.finish(30)
        worked_off = _took(lambda: is_worked_off(stand), limits.work * slack)
    reads, programs, posts = (books.since(struck, kind) for kind in (READ, REST, POST))
    outcome = Outcome(
        readers=tally(reads),
        programs=tally(programs),
        reader_wait=longest(reads + programs).took,
        posts=tally(posts),
        post_wait=longest(posts).took,
        ledger=ledger.compare(stand, books),
        well=well,
        worked_off=worked_off,
    )
    findings = findings_of(outcome, limits, slack) + books.findings
    if well is None or well > limits.well * slack:
        findings.append(f"the last that was not well: {watch.last}")
    for answer, limit in ((longest(reads + programs), limits.reader_wait), (longest(posts), limits.post_wait)):
        if answer.took > limit * slack:
            findings.append(f"the longest was for {answer.path}, {answer.began - struck:.1f} s after the fault")
    wrong = set(tally(books.since(struck, PICTURE))) - PICTURES
    findings += [f"pictures were answered {named(status)}" for status in sorted(wrong)]
    return outcome, findings


class Watch:
    """Looks at a site after a fault, until it is well and somebody has posted."""

    def __init__(self, site: Site, books: Books) -> None:
        self.site, self.books, self.since, self.last = site, books, time.monotonic(), ""

    def is_well(self) -> bool:
        posts = self.books.since(self.since, POST)
        ails = self.site.ails()
        if not ails and not any(post.status == 303 and post.began > self.since for post in posts):
            ails = "nobody could post"
        self.last = ails or self.last
        return not ails


def findings_of(outcome: Outcome, limits: Limits, slack: float) -> list[str]:
    """Name what must not come of a fault, as sentences."""
    found = [
        f"{who} were answered {named(status)}"
        for who, answers, allowed in (
            ("readers", outcome.readers, limits.readers),
            ("posts", outcome.posts, limits.posts),
        )
        for status in sorted(set(answers) - allowed)
    ]
    found += [
        f"{who} waited {took:.1f} s, at most {limit:g} s are allowed"
        for who, took, limit in (
            ("a reader", outcome.reader_wait, limits.reader_wait),
            ("a post", outcome.post_wait, limits.post_wait),
        )
        if took > limit * slack
    ]
    for what, took, limit in (("well", outcome.well, limits.well), ("worked off", outcome.worked_off, limits.work)):
        if took is None or took > limit * slack:
            found.append(f"not all was {what} within {limit:g} s")
    if not outcome.ledger.is_clean:
        found.append(f"lost or there twice: {outcome.ledger}")
    return found


def _took(true: Callable[[], bool], seconds: float) -> float | None:
    try:
        return until(true, "", seconds)
    except TimeoutError:
        return None
