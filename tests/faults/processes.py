"""Faults of the site's own processes. Whatever `serve` has to replace, it replaces without a hand."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from tests.faults.ports import until
from tests.faults.scene import Scene, Strike

PATIENCE = 60  # seconds
DOWN = 15  # seconds after SIGTERM


@contextmanager
def _signalled(kind: str, number: int, scene: Scene) -> Iterator[None]:
    """Send a signal, and go on once somebody else is there in that process's place."""
    victim = scene.site.signal(kind, number)
    yield
    if number == signal.SIGKILL:  # Until it is noticed. One that is stopped is seen to be.
        with suppress(TimeoutError):
            until(lambda: victim not in scene.site.family()[kind], f"the {kind} is still there", PATIENCE)


def signalled(kind: str, number: int) -> Strike:
    return partial(_signalled, kind, number)


@contextmanager
def terminated(scene: Scene) -> Iterator[None]:
    """End it as systemd does, and start it again."""
    serve = scene.site.serve
    assert serve is not None
    serve.terminate()
    began = time.monotonic()
    code = serve.wait(PATIENCE)
    if (took := time.monotonic() - began) > DOWN:
        scene.books.find(f"it was down only {took:.0f} s after SIGTERM")
    if code:
        scene.books.find(f"it ended with code {code}")
    yield
    scene.site.start()


@contextmanager
def restarted_rolling(scene: Scene) -> Iterator[None]:
    """Have `serve` replace its web processes one after the other."""
    serve = scene.site.serve
    assert serve is not None
    before = set(scene.site.family()["web"])
    os.kill(serve.pid, signal.SIGHUP)
    yield
    try:
        until(lambda: not scene.site.runs or _are_new(scene, before), "web processes are not replaced", PATIENCE)
    except TimeoutError as error:
        scene.books.find(str(error))
    if not scene.site.runs:
        scene.books.find("it ended at SIGHUP, and was started by hand")
        scene.site.start()


def _are_new(scene: Scene, before: set[int]) -> bool:
    now = set(scene.site.family()["web"])
    return len(now) == scene.site.processes and not now & before
